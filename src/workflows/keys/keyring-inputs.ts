/**
 * Whether the keyring package must be rebuilt: one hash over its inputs. Every move asks, so it parses
 * nothing. The last hash is in `.lockstep/keyring-package`, which is safe to delete: the package is then
 * composed again, with the same result.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, writeFileAtomic } from '../../io/disk.js';
import type { TemplateFolder } from '../../metapackage/template-folder.js';
import type { Context, Run } from '../workspace/context.js';
import { publishedSuites } from './keyring-package.js';

/** The hash of everything that the package can depend on. Throws as readPublished. */
export async function keyringInputs(run: Run, template: TemplateFolder): Promise<string> {
  const { workspace, toolVersion } = run;
  const hash = createHash('sha256');
  const add = (name: string, value: string | Uint8Array): void => {
    hash.update(`${name} ${value.length}\n`).update(value);
  };
  add('tool', toolVersion);
  add('workspace', JSON.stringify(workspace));
  add('keys', (await run.ledger.keys())?.text ?? '');
  add('published', JSON.stringify([...(await publishedSuites(run))]));
  for (const name of run.profiles.names) add(name, run.profiles.bytes(name));
  for (const [path, { bytes, executable }] of template.files) add(`${path} ${executable}`, bytes);
  return hash.digest('hex');
}

/** The inputs of the package that the keys' suites offer; undefined where that is not known. */
export async function offeredInputs({ places }: Pick<Context, 'places'>): Promise<string | undefined> {
  return (await readIfThere(pathIn(places)))?.toString('latin1').trim();
}

/** Notes what the package that the keys' suites offer was made from. */
export async function noteOfferedInputs({ places }: Pick<Context, 'places'>, inputs: string): Promise<void> {
  await writeFileAtomic(pathIn(places), `${inputs}\n`, { fsync: false });
}

function pathIn({ state }: Context['places']): string {
  return join(state, 'keyring-package');
}
