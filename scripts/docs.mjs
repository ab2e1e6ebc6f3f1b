/** `npm run docs`: writes the reference pages and schemas that are made from the code. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadProgram } from '../bin/program.js';
import { compile, root } from './setup.mjs';

compile();
const manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8'));
const { referenceFiles } = await loadProgram().program.reference();
for (const file of referenceFiles(manifest)) {
  const path = join(root, file.path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file.content);
}
