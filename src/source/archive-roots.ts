/**
 * The mirrors of one archive, as one thing: what is below it has an address on
 * each of them, and nobody gets the address on one alone. Hashes decide what is
 * right, so which mirror gives a file does not matter.
 */
import { pathOf } from '../deb/member-name.js';
import type { Place } from '../io/http.js';

/** Paths of one file below an archive's root: its path, then other names to try if it does not exist. */
export type ArchivePaths = readonly [path: string, ...otherNames: string[]];

export class ArchiveRoots {
  readonly #uris: readonly string[];

  /** @param uris without a trailing slash, the first to be asked first; at least one */
  constructor(uris: readonly string[]) {
    if (uris.length === 0) throw new TypeError('an archive without a mirror');
    this.#uris = uris;
  }

  /**
   * Where a file is on each mirror. The paths come from an index: they must stay below the root, and reserved
   * characters in them are escaped.
   * @throws LockstepError DEB_UNSAFE_NAME
   */
  placesOf(paths: ArchivePaths): Place[] {
    const quoted = paths.map((path) =>
      pathOf(path, this.#uris.join(' '))
        .split('/')
        .map((part) => encodeURIComponent(part).replaceAll('%2B', '+').replaceAll('%3A', ':'))
        .join('/'),
    );
    return this.#uris.map((uri): Place => {
      const [first, ...others] = quoted.map((path) => `${uri}/${path}`);
      return [first!, ...others];
    });
  }
}
