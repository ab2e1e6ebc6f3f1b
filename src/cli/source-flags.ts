/** The flags of commands that resolve: what the sources may be besides what the profile says, for one run. */
import { boolean, string } from '@oclif/core/flags';
import { resolve } from 'node:path';
import type { LocalConfig } from '../profile/profile-schema.js';
import type { SourceChoices } from '../workflows/release/resolve.js';

const withFlag = string({
  multiple: true,
  helpValue: 'COMPONENT=FOLDER',
  description:
    'build this component from a local tree; the snapshot records it, and only suites of the lowest trust level accept the snapshot',
});

export const sourceFlags = {
  with: withFlag,
  'older-base': boolean({
    description: 'allow Release files of the base that are older than those of the last snapshot',
  }),
};

/**
 * @throws LockstepError USAGE for a tree that is not of that form, or where a component has two
 */
export async function sourceChoices(flags: {
  with?: readonly string[] | undefined;
  'older-base': boolean;
}): Promise<SourceChoices> {
  return { trees: await localTrees(flags.with), olderBase: flags['older-base'] };
}

/**
 * @param typed values of the flag; folders are relative to where the command was called
 * @throws LockstepError USAGE for what is not of that form, or names a component twice
 */
async function localTrees(typed: readonly string[] = []): Promise<Record<string, LocalConfig>> {
  const { LockstepError } = await import('../errors.js');
  const trees: Record<string, LocalConfig> = {};
  for (const value of typed) {
    const match = /^([a-z][a-z0-9-]*)=(.+)$/s.exec(value);
    if (match === null) {
      throw new LockstepError('USAGE', {
        message: `--with ${JSON.stringify(value)} is not COMPONENT=FOLDER`,
        hint: 'For example: --with parsoid=../parsoid',
        where: [{ path: '--with', value }],
      });
    }
    const [, component, folder] = match as unknown as [string, string, string];
    if (Object.hasOwn(trees, component)) {
      throw new LockstepError('USAGE', {
        message: `--with names the component ${component} twice`,
        hint: 'Give one tree per component.',
        where: [{ path: '--with', value }],
      });
    }
    trees[component] = { kind: 'local', path: resolve(folder), typed: folder };
  }
  return trees;
}
