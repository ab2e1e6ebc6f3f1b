/**
 * The rooms that decide, and the integration tests that judge a mutation in them after the unit tests have let it
 * pass: those of the room, then those of the workflows that lean on it. The quick ones come first. Tests that
 * try a fault at every write (crash, broken-disk, key-interrupted) or need the compiled command are left out.
 */
export const judges: Readonly<Record<string, readonly string[]>> = {
  deb: [
    'deb/archive-formats',
    'deb/source-formats',
    'deb/deb-file',
    'deb/really-version',
    'deb/version',
    'deb/upstream-version',
    'workflows/import',
  ],
  archive: [
    'archive/file-lists',
    'archive/static-server',
    'archive/listing',
    'archive/publication',
    'archive/apt',
    'archive/small-files',
    'workflows/verify',
    'workflows/repair',
    'workflows/refresh',
  ],
  resolution: [
    'source/resolve',
    'workflows/resolve-explained',
    'workflows/outdated',
    'workflows/skip',
    'workflows/check',
  ],
  signing: [
    'signing/key-file',
    'signing/openpgp-signer',
    'signing/public-key',
    'signing/gpg-signer',
    'signing/exact-armor',
    'signing/key-times',
    'signing/verifier',
    'signing/old-keys',
    'signing/apt',
    'workflows/key-end',
    'workflows/key-rotate',
  ],
  snapshot: [
    'snapshot/builds-reader',
    'snapshot/schema-reader',
    'snapshot/snapshots',
    'workflows/reading',
    'workflows/drop',
    'workflows/import',
    'workflows/verify',
  ],
  comparison: ['workflows/diff', 'workflows/skip', 'workflows/reading'],
  suite: [
    'metapackage/pin',
    'workflows/moves',
    'workflows/supersede',
    'workflows/status',
    'workflows/reading',
    'workflows/verify',
    'workflows/key-rotate',
  ],
  vetting: ['vetting/install-files', 'vetting/install', 'workflows/import', 'workflows/install-gate'],
};
