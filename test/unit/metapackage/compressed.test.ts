import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { composeTemplate } from '../../../src/metapackage/tree-from-template.js';

describe('a file whose place ends in .gz', () => {
  it('is compressed on the way, the same bytes each time', async () => {
    const page = '.TH WIKI 8\n';
    const definition =
      'package: wiki\narchitecture: all\nsection: web\npriority: optional\ndescription: |\n  a wiki\n  long\n' +
      'files:\n  - { from: wiki.8, to: /usr/share/man/man8/wiki.8.gz }\n';
    const files = new Map(
      Object.entries({ 'package.yaml': definition, 'wiki.8': page }).map(([name, text]) => [
        name,
        { bytes: Buffer.from(text), executable: false },
      ]),
    );
    const compose = async (): Promise<Uint8Array> => {
      const made = await composeTemplate({
        folder: { name: 'wiki', path: 'templates/wiki', files },
        package: 'wiki',
        source: 'wiki',
        version: '1',
        maintainer: 'Wiki <wiki@example.org>',
        date: 1_700_000_000,
        variables: {},
        changelog: { distribution: 'bookworm', lines: ['A wiki'] },
      });
      const entry = made.entries.find(({ path }) => path.endsWith('.8.gz'));
      assert.ok(entry?.kind === 'file' && entry.content instanceof Uint8Array);
      return entry.content;
    };
    assert.equal(gunzipSync(await compose()).toString(), page);
    assert.deepEqual(await compose(), await compose());
  });
});
