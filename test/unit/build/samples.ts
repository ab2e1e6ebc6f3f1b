/** Small packages and pins that the tests of this room begin with. */
import type { TreeEntry, TreePackage } from '../../../src/build/tree-package.js';

export function file(path: string, content: string, mode = 0o644): TreeEntry & { kind: 'file' } {
  return { kind: 'file', path, mode, content: Buffer.from(content) };
}

export function samplePackage(): TreePackage {
  return {
    package: 'sample-tree',
    version: '1.2-1',
    architecture: 'all',
    source: 'sample',
    control: {
      Maintainer: 'Nobody <nobody@example.invalid>',
      Section: 'misc',
      Priority: 'optional',
      Description: 'a sample\nIt holds nothing of use.',
    },
    entries: [
      file('/usr/share/sample/a', 'alpha\n'),
      file('/etc/sample.conf', 'x=1\n'),
      { kind: 'symlink', path: '/usr/share/sample/link', target: '../sample/a' },
      { kind: 'dir', path: '/var/lib/sample', mode: 0o750 },
    ],
    conffiles: [],
    scripts: {},
    date: 1_700_000_000,
  };
}
