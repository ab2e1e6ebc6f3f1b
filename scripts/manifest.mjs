/** Writes oclif.manifest.json, so that --help and --version load no command. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadProgram } from '../bin/program.js';
import { root } from './setup.mjs';

// A manifest that is there would be believed
rmSync(join(root, 'oclif.manifest.json'), { force: true });
const config = await loadProgram().program.Config.load({ root });
const [plugin] = [...config.plugins.values()].filter((candidate) => candidate.root === root);
writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest, null, 2)}\n`);
