/** Where bin/run.js enters: what was typed, as oclif reads it. */
import { execute as executeOclif } from '@oclif/core/execute';
import { globalFlagsBehind } from './global-flags.js';
import { note } from './output.js';

/**
 * Runs a command line to its end.
 *
 * @param options.args what was typed after `lockstep`; that of this process where left out
 * @param options.dir a path or file URL below the folder that package.json is in
 */
export async function execute(options: { args?: string[]; dir: string }): Promise<unknown> {
  process.on('warning', (warning) => {
    // Node 20 calls Ed25519 in Web Crypto experimental; a release manager cannot change that
    if (warning.name !== 'ExperimentalWarning') note(`${warning.name}: ${warning.message}`);
  });
  return await executeOclif({
    dir: options.dir,
    args: globalFlagsBehind(options.args ?? process.argv.slice(2)),
  });
}
