/** Bringing the packages of a build root into the store, from the mirrors of their suites. */
import { counted } from '../counted.js';
import pLimit from 'p-limit';
import type { Http } from '../io/http.js';
import { sideBySide } from '../io/interrupt.js';
import { inItem, type Item } from '../io/progress.js';
import { fetchFromArchive } from '../source/fetch-file.js';
import type { BasePackage } from './base-closure.js';
import type { Base } from './base-digest.js';
import type { BuildContext } from './builder-port.js';

/** Downloads at the same time. */
const downloadsAtOnce = 6;

/**
 * Fetches what the store lacks; at the first fault the other downloads are stopped and waited for.
 * @throws LockstepError as fetchFromArchive
 */
export async function fetchRootPackages(
  { closure, archives }: Pick<Base, 'closure' | 'archives'>,
  context: Omit<BuildContext, 'builder' | 'cacheDir'> & { http: Http },
): Promise<void> {
  const { store, http, phase } = context;
  const missing: BasePackage[] = [];
  for (const one of closure) if ((await store.size(one.sha256)) !== one.size) missing.push(one);
  if (missing.length === 0) return;
  const name = `${counted(missing.length, 'package')} for the build root`;
  const totalBytes = missing.reduce((sum, { size }) => sum + size, 0);
  const limit = pLimit(downloadsAtOnce);
  const fetchOne = async (one: BasePackage, item: Item, signal: AbortSignal): Promise<void> => {
    const { name, version, suite, filename, size, sha256 } = one;
    const file = { archive: archives.get(suite)!, paths: [filename] as const, suite, size, sha256 };
    await fetchFromArchive(
      { ...file, name: `${name} ${version} (${filename.slice(filename.lastIndexOf('/') + 1)})` },
      { http, store, signal, phase },
      { ...item, advance: (bytes) => item.advance(bytes), done() {}, fail() {} },
    );
  };
  const fetchAll = async (item: Item): Promise<void> => {
    await sideBySide(context.signal, (signal) =>
      missing.map((one) => limit(() => fetchOne(one, item, signal))),
    );
  };
  await inItem(phase, name, fetchAll, { totalBytes, reason: () => 'stopped' });
}
