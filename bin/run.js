#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { loadProgram } from './program.js';

// Node's own way to print warnings; the program has another
process.removeAllListeners('warning');

const { program } = loadProgram();
// A command is short and makes much that is soon of no use: with room for it early, half of the collections are
// not made. Not before: V8 takes no compiled code that was made under other flags.
setFlagsFromString('--semi-space-growth-factor=16');
await program.execute({ dir: import.meta.url });
