#!/usr/bin/env node
import { loadProgram } from './program.js';

// Node 20 calls the Ed25519 of its own Web Crypto experimental; nobody who cuts a release can do anything about it
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
});

await loadProgram().program.execute({ dir: import.meta.url });
