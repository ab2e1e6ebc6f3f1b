import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lockstep, scratch, top } from '../../fixtures/lockstep.js';
import { TestMirror } from '../../fixtures/mirror.js';

/** A block of code of the page, by the words before it: what it is fenced with, and its text. */
function blocksOf(page: string): { before: string; text: string }[] {
  const parts = page.split(/^```\w*\n/m);
  return parts.flatMap((part, at) => (at % 2 === 1 ? [{ before: parts[at - 1]!, text: part }] : []));
}

describe('docs/how-to/make-your-own-profile.md', function () {
  this.timeout(300_000);
  let mirror: TestMirror;

  before(async () => {
    mirror = await TestMirror.start({
      codename: 'trixie',
      release: {
        binaries: [
          {
            package: 'memcached',
            version: '1.6.38-1',
            depends: 'libc6 (>= 2.34)',
            files: { 'usr/bin/memcached': 'x' },
          },
          { package: 'libc6', version: '2.41-9', source: 'glibc' },
        ],
      },
    });
  });
  after(async () => mirror?.stop());

  it('is right in each of its commands and files, and its set speaks of no MediaWiki', async () => {
    const page = await readFile(join(top, 'docs/how-to/make-your-own-profile.md'), 'utf8');
    const folder = await scratch('own-profile');
    const env = { ...mirror.environment, LOCKSTEP_CACHE: join(folder, 'cache') };
    let cwd = folder;
    let ran = 0;
    for (const { before, text } of blocksOf(page)) {
      const file = /`((?:profiles|templates)\/[\w./-]+)`[^`]*$/.exec(before)?.[1];
      if (text.startsWith('lockstep ')) {
        for (const line of text.trim().split('\n')) {
          const words = line
            .replace(/ +#.*/, '')
            .match(/"[^"]*"|\S+/g)!
            .map((word) => word.replaceAll('"', ''));
          if (words[0] === 'cd') cwd = join(cwd, words[1]!);
          else {
            const { status, stdout, stderr } = await lockstep(words.slice(1), { cwd, env });
            assert.equal(status, 0, `${line}\n${stderr}`);
            assert.doesNotMatch(stdout + stderr, /wiki|schema/i, line);
            ran += 1;
          }
        }
      } else if (text.startsWith('suites:')) {
        const settings = join(cwd, 'lockstep.yaml');
        const before = await readFile(settings, 'utf8');
        await writeFile(settings, before.replace('suites: {}\n', text));
      } else {
        await mkdir(dirname(join(cwd, file!)), { recursive: true });
        await writeFile(join(cwd, file!), text);
      }
    }
    assert.equal(ran, 10);
  });
});
