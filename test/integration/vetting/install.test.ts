import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LockstepError } from '../../../src/errors.js';
import { noteWords, type InstallNote } from '../../../src/vetting/install/install-note.js';
import { Proving, type SetSpec } from './proving.js';

const words = (notes: readonly InstallNote[]): string[] => notes.map((note) => noteWords(note, 'Debian 12'));

/** A set that fits the base below: what tests change. */
const set = (version = '2.0-1', more: Partial<SetSpec> = {}, full: Partial<SetSpec> = {}): SetSpec[] => [
  { package: 'set-full', version, depends: `wiki (= ${version}), cache`, ...full },
  { package: 'wiki', version, depends: 'php (>= 8)', ...more },
];

const php = { package: 'php', version: '8.2-1', files: { 'usr/bin/php': 'php' } };
const cache = { package: 'cache', version: '1.6-1', files: { 'usr/bin/cache': 'cache' } };
const from = '20260101T000000Z';

async function refused(work: Promise<unknown>, code: string): Promise<LockstepError> {
  try {
    await work;
  } catch (error) {
    const fault = error as LockstepError;
    assert.equal(fault.code, code, fault.message);
    return fault;
  }
  throw new Error(`was not refused with ${code}`);
}

describe('proving that a set installs', function () {
  this.timeout(60_000);
  let on: Proving;
  afterEach(async () => await on.end());

  it('tries a fresh install with and without Recommends, and leaves nothing in the temporary folder', async () => {
    on = await Proving.on([php, cache]);
    const proof = await on.prove(set());
    assert.deepEqual(on.tried.filter((title) => title.startsWith('fresh')).sort(), [
      'fresh install of set-full on amd64',
      'fresh install of set-full without Recommends on amd64',
    ]);
    assert.deepEqual(proof.notes, []);
    assert.equal(proof.homonym, null);
    assert.deepEqual(await readdir(on.temporary), []);
  });

  it('sees nothing of the machine it runs on', async () => {
    // bash is installed here, and in this machine's lists
    on = await Proving.on([php, cache]);
    const fault = await refused(on.prove(set('2.0-1', { depends: 'bash' })), 'INSTALL_IMPOSSIBLE');
    assert.match(fault.message, /there is no package bash in Debian 12/);
  });

  it('says which relation of which package nothing meets, and what there is instead', async () => {
    on = await Proving.on([php, cache, { package: 'libfoo2', version: '2.0-3' }]);
    const fault = await refused(
      on.prove(set('2.0-1', { depends: 'libfoo2 (>= 2.1)' })),
      'INSTALL_IMPOSSIBLE',
    );
    assert.equal(
      fault.message,
      'set-full cannot be installed on Debian 12 (amd64): wiki 2.0-1, needed by set-full, depends on libfoo2 (>= 2.1); Debian 12 has libfoo2 2.0-3',
    );
    assert.equal(fault.where.length, 1);
    assert.equal(fault.where[0]!.path, 'components.wiki');
    assert.equal(fault.where[0]!.value, 'Depends: libfoo2 (>= 2.1)');
  });

  it('names the suites that a package is in none of: one that only a later Debian has', async () => {
    on = await Proving.on([php, cache]);
    const fault = await refused(
      on.prove(set('2.0-1', { depends: 'php, php8.4-fpm | php8.5-fpm' })),
      'INSTALL_IMPOSSIBLE',
    );
    assert.match(
      fault.message,
      /wiki 2\.0-1, needed by set-full, depends on php8\.4-fpm \| php8\.5-fpm; there is no package php8\.4-fpm or php8\.5-fpm in Debian 12 \(bookworm, -updates, -security\)/,
    );
  });

  it('blames no relation that a provider meets', async () => {
    const server = { package: 'server', version: '2.4-1', fields: { Provides: 'httpd, old-api (= 1)' } };
    on = await Proving.on([php, cache, server]);
    const fault = await refused(
      on.prove(set('2.0-1', { depends: 'httpd, old-api (<< 2), old-api (>= 3)' })),
      'INSTALL_IMPOSSIBLE',
    );
    assert.deepEqual(
      fault.where.map(({ value }) => value),
      ['Depends: old-api (>= 3)'],
    );
  });

  it("names a fault of the set's own packages before one of the base", async () => {
    on = await Proving.on([{ ...php, depends: 'libicu (>= 72)' }, cache]);
    const broken = set('2.0-1', { depends: 'libfoo' }, { depends: 'php, wiki, cache' });
    const fault = await refused(on.prove(broken), 'INSTALL_IMPOSSIBLE');
    assert.deepEqual(
      fault.where.map(({ value }) => value),
      ['Depends: libfoo', 'Depends: libicu (>= 72)'],
    );
  });

  it('finds what a package of the base lacks, and through whom it is needed', async () => {
    on = await Proving.on([
      { ...php, depends: 'libicu (>= 72)' },
      cache,
      { package: 'libicu', version: '71-1' },
    ]);
    const { message } = await refused(on.prove(set()), 'INSTALL_IMPOSSIBLE');
    assert.match(
      message,
      /php 8\.2-1 of Debian 12, needed by wiki, needed by set-full, depends on libicu \(>= 72\); Debian 12 has libicu 71-1/,
    );
  });

  it('finds conflicts: with what the set needs itself, and with what is on every machine', async () => {
    on = await Proving.on([php, cache]);
    const own = await refused(
      on.prove(set('2.0-1', { fields: { Conflicts: 'cache (<< 2)' } })),
      'INSTALL_IMPOSSIBLE',
    );
    assert.match(
      own.message,
      /wiki 2\.0-1 conflicts with cache \(<< 2\); cache 1\.6-1 is needed by set-full/,
    );
    const essential = await refused(
      on.prove(set('2.0-1', { fields: { Breaks: 'shell' } })),
      'INSTALL_IMPOSSIBLE',
    );
    assert.match(essential.message, /wiki 2\.0-1 breaks shell; shell 5\.2-1 is on every machine/);
  });

  it("refuses a set whose version loses against the distribution's", async () => {
    on = await Proving.on([php, cache], {
      security: { binaries: [{ package: 'wiki', version: '2.0-2', architecture: 'all' }] },
    });
    const { message } = await refused(on.prove(set()), 'INSTALL_IMPOSSIBLE');
    assert.match(
      message,
      /set-full 2\.0-1 depends on wiki \(= 2\.0-1\); the set has wiki 2\.0-1, but Debian 12 has wiki 2\.0-2, and apt takes the higher one/,
    );
  });

  it("takes it where a skip keeps it below, for machines with the archive's pin, and says so", async () => {
    on = await Proving.on([php, cache], {
      security: { binaries: [{ package: 'wiki', version: '2.0-2', architecture: 'all' }] },
    });
    const skip = { version: '2.0-2', reason: 'no mirror has it', until: '2026-12-13', security: true };
    const made = await on.set(set());
    const components = { ...made.components, wiki: { ...made.components['wiki']!, skipped: [skip] } };
    const before = await on.set(set('1.9-1'), '20261101T000000Z');
    const { notes, homonym } = await on.prove({ ...made, components }, { before: [before] });
    assert.deepEqual(words(notes), [
      "only machines with the archive's keyring package can install the set: a skip keeps wiki at 2.0-1, and Debian 12 has 2.0-2",
    ]);
    assert.deepEqual(homonym, { package: 'wiki', version: '2.0-2' });
    assert.ok(on.tried.includes('fresh install of set-full on amd64'));
    // A skip of another component is no leave for this one
    const other = { ...made.components, cache: { ...made.components['cache']!, skipped: [skip] } };
    await refused(on.prove({ ...made, components: other }), 'INSTALL_IMPOSSIBLE');
  });

  it('refuses a package that apt would replace, though every relation holds', async () => {
    on = await Proving.on([php, cache, { package: 'wiki', version: '2.0-2', architecture: 'all' }]);
    const { message } = await refused(
      on.prove(set('2.0-1', {}, { depends: 'wiki (>= 2.0), cache' })),
      'INSTALL_IMPOSSIBLE',
    );
    assert.match(
      message,
      /apt would install wiki 2\.0-2 instead of the set's 2\.0-1: the version in Debian 12 is higher/,
    );
  });

  it('notes recommendations that cannot be had, and does not fail for them', async () => {
    on = await Proving.on([php, cache]);
    const proof = await on.prove(set('2.0-1', { recommends: 'php, nonesuch | nothing' }));
    assert.deepEqual(words(proof.notes), [
      'wiki recommends nonesuch | nothing, which Debian 12 does not have',
    ]);
  });

  it("upgrades from the distribution's own package, the leading component's", async () => {
    on = await Proving.on([php, cache, { package: 'wiki', version: '1.9-1', architecture: 'all' }]);
    const proof = await on.prove(set());
    assert.deepEqual(proof.homonym, { package: 'wiki', version: '1.9-1' });
    assert.ok(on.tried.includes("upgrade from Debian 12's own wiki on amd64"));
    // Recommended by the distribution's own package, and broken by ours
    await on.mirror.publish({
      release: {
        contents: true,
        binaries: [
          php,
          cache,
          { package: 'wiki', version: '1.9-1', architecture: 'all', depends: 'shell' },
          { package: 'shell', version: '5.2-1', fields: { Essential: 'yes', Conflicts: 'wiki (>= 2)' } },
        ],
      },
    });
    await refused(on.prove(set()), 'INSTALL_IMPOSSIBLE');
  });

  it('upgrades from what a suite points at, and goes back', async () => {
    on = await Proving.on([php, cache]);
    const before = [await on.set(set('1.0-1'), from)];
    const proof = await on.prove(set(), { before });
    assert.deepEqual(proof.from, [from]);
    assert.deepEqual(on.tried.filter((title) => title.includes(from)).sort(), [
      `upgrade from ${from} on amd64`,
      `way back to ${from} on amd64`,
    ]);
    on.tried.length = 0;
    await on.prove(set(), { before, what: 'moves' });
    assert.deepEqual(on.tried.sort(), [`upgrade from ${from} on amd64`, `way back to ${from} on amd64`]);
  });

  it('takes one package of a set down while the others go up', async () => {
    on = await Proving.on([php, cache]);
    const mixed = set('1.5-1', {}, { version: '3.0-1' });
    const proof = await on.prove(mixed, { before: [await on.set(set('2.0-1'), from)] });
    assert.deepEqual(proof.from, [from]);
  });

  it('tells that an upgrade is held back, and by what', async () => {
    on = await Proving.on([php, cache]);
    // Machines have the skin of the old set, which the new one has not any more and breaks
    const old = [
      ...set('1.0-1', {}, { depends: 'wiki (= 1.0-1), skin, cache' }),
      { package: 'skin', version: '1.0-1', depends: 'wiki (= 1.0-1)' },
      { package: 'lib', version: '1.0-1', fields: { Essential: 'yes' } },
    ];
    const fine = await on.prove(set(), { before: [await on.set(old, from)] });
    assert.deepEqual(fine.from, [from]);
    // What is on every machine of the old set excludes the new
    const held = old.map((one) =>
      one.package === 'skin'
        ? { ...one, fields: { Essential: 'yes', Conflicts: 'wiki (>= 2)' }, depends: 'cache' }
        : one,
    );
    const fault = await refused(
      on.prove(set(), { before: [await on.set(held, from)] }),
      'INSTALL_IMPOSSIBLE',
    );
    assert.match(
      fault.message,
      /^Machines with 20260101T000000Z cannot be upgraded to the new set \(amd64\): skin 1\.0-1 conflicts with wiki \(>= 2\); wiki 2\.0-1 is/,
    );
    assert.match(fault.where[0]!.file!, /upgrade from 20260101T000000Z/);
  });

  it('tells that there would be no way back', async () => {
    on = await Proving.on([php, cache, { package: 'libfoo', version: '1.0-1' }]);
    const old = await on.set(set('1.0-1', { depends: 'libfoo (<< 2)' }), from);
    // The new set brings a library up as the distribution's own; the old set does not bring it down again
    const young = [
      ...set('2.0-1', { depends: 'libfoo (>= 2)' }),
      { package: 'libfoo', version: '2.0-1', taken: true },
    ];
    const fault = await refused(on.prove(young, { before: [old] }), 'INSTALL_IMPOSSIBLE');
    assert.match(
      fault.message,
      /^Machines with the new set could not go back to 20260101T000000Z \(amd64\): .*libfoo/,
    );
  });

  it("takes the distribution's own packages down with the set that demands them exactly", async () => {
    on = await Proving.on([php, cache, { package: 'libfoo', version: '2.0-1', architecture: 'all' }]);
    const of = (version: string, libfoo: string): SetSpec[] => [
      ...set(version, { depends: `php, libfoo (= ${libfoo})` }),
      { package: 'libfoo', version: libfoo, taken: true },
    ];
    const before = [await on.set(of('1.0-1', '1.0-1'), from)];
    const proof = await on.prove(of('2.0-1', '2.0-1'), { before });
    assert.deepEqual(proof.from, [from]);
  });

  it('goes on where an old set cannot be installed any more, and says so', async () => {
    on = await Proving.on([php, cache]);
    const before = [await on.set(set('1.0-1', { depends: 'gone-since' }), from)];
    const proof = await on.prove(set(), { before });
    assert.deepEqual(proof.from, []);
    assert.match(
      words(proof.notes).join(),
      /no upgrade from 20260101T000000Z was tried: it cannot be installed: wiki depends on gone-since/,
    );
  });

  it('proves every architecture', async () => {
    const library = (architecture: string, version: string) => ({ package: 'libfoo', version, architecture });
    const base = ['amd64', 'arm64'].flatMap((architecture) => [
      { ...php, architecture },
      { ...cache, architecture },
      { package: 'base-files', version: '12.4', architecture, fields: { Essential: 'yes' } },
    ]);
    on = await Proving.on([...base, library('amd64', '2.1-1'), library('arm64', '2.0-1')], {
      architectures: ['amd64', 'arm64'],
    });
    await on.prove(set());
    assert.equal(on.tried.filter((title) => title.startsWith('fresh')).length, 4);
    const fault = await refused(on.prove(set('2.0-1', { depends: 'libfoo (>= 2.1)' })), 'INSTALL_IMPOSSIBLE');
    assert.match(fault.message, /on Debian 12 \(arm64\): .*Debian 12 has libfoo 2\.0-1/);
  });

  it('asks apt nothing that it was asked before', async () => {
    on = await Proving.on([php, cache]);
    const before = [await on.set(set('1.0-1'), from)];
    const first = await on.prove(set(), { before });
    const asked = on.mirror.server.requests.length;
    // An apt that can do nothing but say which it is
    const folder = join(on.resolving.folder, 'bin');
    await mkdir(folder);
    const fake = `#!/bin/sh\n[ "$1" = --version ] && echo "apt ${first.aptVersion} (amd64)" || exit 99\n`;
    await writeFile(join(folder, 'apt-get'), fake, { mode: 0o755 });
    const path = process.env['PATH'];
    process.env['PATH'] = `${folder}:${path}`;
    try {
      assert.deepEqual(await on.prove(set(), { before }), first);
      // Of another set it has to be asked, and what goes wrong then is no fault of the set
      await refused(on.prove(set('2.0-2'), { before }), 'TOOL_FAILED');
    } finally {
      process.env['PATH'] = path;
    }
    assert.ok(on.mirror.server.requests.slice(asked).every((one) => one.path.endsWith('InRelease')));
  });

  it('stops at Ctrl-C and leaves nothing behind', async () => {
    on = await Proving.on([php, cache]);
    const stop = new AbortController();
    const proving = on.prove(set(), { signal: stop.signal });
    setTimeout(() => stop.abort(), 150);
    await assert.rejects(proving, (error: LockstepError) => error.code === 'INTERRUPTED');
    assert.deepEqual(await readdir(on.temporary).catch(() => []), []);
  });

  it('names apt where it is not installed', async () => {
    on = await Proving.on([php, cache]);
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    try {
      const fault = await refused(on.prove(set()), 'TOOL_MISSING');
      assert.match(fault.hint ?? '', /apt-get install apt/);
    } finally {
      process.env['PATH'] = path;
    }
  });
});
