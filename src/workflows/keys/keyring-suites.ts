/**
 * Which suites there are for the key alone, and what they are: no suite of
 * lockstep.yaml, but one for each key (layout.ts, keyringSuite). Publishing them
 * is keyring-publication.ts.
 */
import { keyOfSuite, keyringSuite } from '../../archive/layout.js';
import type { SuiteIdentity } from '../../archive/release.js';
import type { KeyringSuites } from '../../archive/sources-file.js';
import { publishedKeys } from '../../snapshot/key-state.js';
import type { ArchiveKeys } from './archive-keys.js';
import type { Context, Run } from '../workspace/context.js';

/** What publishing needs to know of a suite. */
export interface PublishedSuite extends SuiteIdentity {
  profile: string;
}

/** Whose snapshots these suites take: each is the keyring package and nothing else. */
export const keyringProfile = 'archive-keyring';

/** The suite of a key; undefined if the name is not such a suite. */
export function keyringSuiteNamed({ workspace }: Context, name: string): PublishedSuite | undefined {
  const fingerprint = keyOfSuite(name);
  if (fingerprint === undefined) return undefined;
  return {
    name,
    profile: keyringProfile,
    description: `${workspace.archive.description} (the key ${fingerprint})`,
    // After a change nothing can sign it again: the key may be gone
    validFor: null,
    retain: 1,
  };
}

/** The suites that machines are to follow for the key, of those that are published. */
export function keyringSuites(run: Run, keys: Pick<ArchiveKeys, 'own' | 'state'>): KeyringSuites {
  const suites = suitesOfKeys(keys).filter((suite) => run.ledger.history(suite).length > 0);
  return { suites, area: run.workspace.archive.area };
}

/** The same, published or not. */
export function suitesOfKeys({ own, state }: Pick<ArchiveKeys, 'own' | 'state'>): string[] {
  const keys = state === null ? [own] : publishedKeys(state);
  return keys.map(({ fingerprint }) => keyringSuite(fingerprint));
}
