/**
 * What the rest of the house asks of a pin, answered once for each kind: where
 * its tree is, who vouches for it, how a changelog names it. A new kind must
 * answer all of it, or the program does not compile. Pure.
 */
import type { Pin, StoredFile, TreePin } from './pin.js';

/** A tarball in the store, and a folder of it (empty for all), without its top folder. */
export interface ComponentTree {
  archive: StoredFile;
  path: string;
}

/** Methods, not functions in properties: a method of one kind of pin may stand where one of any pin is asked for. */
interface PinKind<P extends Pin> {
  /** Where its source code is; null where it has none. */
  tree(pin: P): ComponentTree | null;
  /**
   * Where it comes from, an item of a changelog each; empty for what apt has, which says so itself.
   * @param pins those of its set, by component
   */
  origin(pin: P, pins: Readonly<Record<string, Pin>>): string[];
  /** `unsigned`: no signature was asked for. `nobody`: a developer's own tree. By which a trust level may refuse it. */
  vouched(pin: P): 'vouched' | 'unsigned' | 'nobody';
  /** Whether only earlier snapshots know what its name stood for; the base distribution's archive knows it by itself. */
  remembered: boolean;
}

const wholeArchive = {
  tree: ({ archive }: TreePin) => ({ archive, path: '' }),
  remembered: true,
};

const kinds: { readonly [K in Pin['kind']]: PinKind<Extract<Pin, { kind: K }>> } = {
  'apt-source': {
    tree({ files }) {
      // Of a native package the one tarball is both upstream's and the packaging's
      const archive =
        files.find((file) => /\.orig\.tar\.[a-z0-9]+$/.test(file.name)) ??
        files.find((file) => /(?<!\.debian)\.tar\.[a-z0-9]+$/.test(file.name));
      return archive === undefined ? null : { archive, path: '' };
    },
    origin: () => [],
    vouched: () => 'vouched',
    remembered: false,
  },
  'apt-binary': {
    tree: () => null,
    origin: () => [],
    vouched: () => 'vouched',
    remembered: false,
  },
  within: {
    tree: ({ archive, path }) => ({ archive, path }),
    origin({ within, path }, pins) {
      const parent = pins[within];
      const from = parent?.kind === 'apt-source' ? `${parent.package} ${parent.version}` : within;
      return [`From ${from}`, `Path ${path}`];
    },
    vouched: () => 'vouched',
    remembered: false,
  },
  git: {
    ...wholeArchive,
    origin: ({ url, ref, commit, submodules }) => [
      `From ${url}`,
      ...(ref === null ? [] : [`Ref ${ref}`]),
      `Commit ${commit}`,
      ...submodules.map((one) => `Submodule ${one.path} ${one.commit.slice(0, 12)}`),
    ],
    vouched: ({ signedBy }) => (signedBy === null ? 'unsigned' : 'vouched'),
  },
  tarball: {
    ...wholeArchive,
    origin: ({ url, archive }) => [`From ${url}`, `SHA-256 ${archive.sha256}`],
    // Without a key, a SHA-256 of the profile vouches for it
    vouched: () => 'vouched',
  },
  local: {
    ...wholeArchive,
    origin: ({ commit }) => [
      'From a working tree that nobody vouches for',
      ...(commit === undefined ? [] : [`Based on commit ${commit}`]),
    ],
    vouched: () => 'nobody',
  },
};

const kindOf = ({ kind }: Pin): PinKind<Pin> => kinds[kind];

/** The kinds that a snapshot may hold. */
export const pinKinds = Object.keys(kinds) as Pin['kind'][];

/** The tree of a pin; null where it has none: a binary package, a source package without a tarball. */
export function treeOfPin(pin: Pin): ComponentTree | null {
  return kindOf(pin).tree(pin);
}

/**
 * Where a component comes from, an item of a changelog each; none for what apt has, which says so itself.
 * @param pins those of its set, by component
 */
export function originLines(pin: Pin, pins: Readonly<Record<string, Pin>>): string[] {
  return kindOf(pin).origin(pin, pins);
}

/** Who vouches for a pin. `unsigned`: no signature was asked for. `nobody`: a developer's own tree. */
export function vouchedFor(pin: Pin): 'vouched' | 'unsigned' | 'nobody' {
  return kindOf(pin).vouched(pin);
}

/** Whether only earlier snapshots know what a name of this kind stood for: a tag, an address. */
export function isRemembered(kind: Pin['kind']): boolean {
  return kinds[kind].remembered;
}
