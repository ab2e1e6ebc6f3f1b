/** Where the source code of a fetched component is. Pure. */
import type { Pin, StoredFile } from './pin.js';

/** A tarball in the store, and a folder of it (empty for all), without its top folder. */
export interface ComponentTree {
  archive: StoredFile;
  path: string;
}

/** The tree of a pin; null where it has none: a binary package, a source package without a tarball. */
export function treeOfPin(pin: Pin): ComponentTree | null {
  switch (pin.kind) {
    case 'within':
      return { archive: pin.archive, path: pin.path };
    case 'git':
    case 'tarball':
    case 'local':
      return { archive: pin.archive, path: '' };
    case 'apt-source': {
      // Of a native package the one tarball is both upstream's and the packaging's
      const archive =
        pin.files.find((file) => /\.orig\.tar\.[a-z0-9]+$/.test(file.name)) ??
        pin.files.find((file) => /(?<!\.debian)\.tar\.[a-z0-9]+$/.test(file.name));
      return archive === undefined ? null : { archive, path: '' };
    }
    case 'apt-binary':
      return null;
  }
}
