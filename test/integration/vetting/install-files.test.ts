import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import type { LockstepError } from '../../../src/errors.js';
import { noteWords } from '../../../src/vetting/install/install-note.js';
import { Proving, type SetSpec } from './proving.js';

const set = (wiki: Partial<SetSpec>, extra: Partial<SetSpec> = {}): SetSpec[] => [
  { package: 'set-full', version: '2', depends: 'wiki (= 2), extra (= 2)' },
  { package: 'wiki', version: '2', ...wiki },
  { package: 'extra', version: '2', ...extra },
];

async function overlap(work: Promise<unknown>): Promise<LockstepError> {
  try {
    await work;
  } catch (error) {
    const fault = error as LockstepError;
    assert.equal(fault.code, 'INSTALL_OVERLAP', fault.message);
    return fault;
  }
  throw new Error('was not refused');
}

describe('files that two packages bring', function () {
  this.timeout(60_000);
  let on: Proving;
  before(async () => {
    on = await Proving.on([
      {
        package: 'other',
        version: '1.5-1',
        files: { 'usr/bin/wiki': 'x', 'lib/wiki/x.so': 'x', 'usr/share/täst x': 'x' },
      },
      {
        package: 'virtual-one',
        version: '1',
        fields: { Provides: 'wiki-server' },
        files: { 'etc/wiki.conf': 'x' },
      },
      {
        package: 'wiki',
        version: '1',
        architecture: 'all',
        files: { 'usr/share/wiki/old': 'x', 'usr/share/wiki/code': 'x' },
      },
    ]);
  });
  after(async () => await on.end());

  it('refuses one that two packages of the set have, with both names and the path', async () => {
    const files = { 'usr/share/wiki/a.php': 'a' };
    const fault = await overlap(on.prove(set({ files }, { files })));
    assert.match(fault.message, /\/usr\/share\/wiki\/a\.php is in extra 2 and in wiki 2 of the set/);
    assert.deepEqual(fault.where, [
      {
        file: 'extra',
        path: '/usr/share/wiki/a.php',
        value: 'wiki',
        message: 'is also in wiki 2 of the set',
      },
    ]);
  });

  it('knows that /bin is /usr/bin', async () => {
    const fault = await overlap(
      on.prove(set({ files: { 'bin/tool': 'a' } }, { files: { 'usr/bin/tool': 'a' } })),
    );
    assert.match(fault.message, /bin\/tool is in extra 2 and in wiki 2/);
    const base = await overlap(on.prove(set({ files: { 'bin/wiki': 'a' } })));
    assert.match(base.message, /\/bin\/wiki is in wiki 2 and in other 1\.5-1 of Debian 12/);
    const reverse = await overlap(on.prove(set({ files: { 'usr/lib/wiki/x.so': 'a' } })));
    assert.match(reverse.message, /\/usr\/lib\/wiki\/x\.so is in wiki 2 and in other/);
  });

  it('finds names with blanks and letters beyond ASCII', async () => {
    const { message } = await overlap(on.prove(set({ files: { 'usr/share/täst x': 'a' } })));
    assert.match(message, /\/usr\/share\/täst x is in wiki 2/);
  });

  it("lets a package replace the distribution's own of the same name, and no other have its files", async () => {
    await on.prove(set({ files: { 'usr/share/wiki/code': 'a' } }));
    const { message } = await overlap(on.prove(set({}, { files: { 'usr/share/wiki/code': 'a' } })));
    assert.match(message, /code is in extra 2 and in wiki 1 of Debian 12/);
    await on.prove(
      set(
        {},
        { files: { 'usr/share/wiki/code': 'a' }, fields: { Replaces: 'wiki (<< 2)', Breaks: 'wiki (<< 2)' } },
      ),
    );
  });

  it('allows what dpkg does: Replaces, Conflicts, Conflicts with what is provided; but not Breaks alone', async () => {
    const files = { 'usr/bin/wiki': 'a' };
    await on.prove(set({ files, fields: { Replaces: 'other' } }));
    await on.prove(set({ files, fields: { Conflicts: 'other (<< 2)' } }));
    await on.prove(set({ files: { 'etc/wiki.conf': 'a' }, fields: { Conflicts: 'wiki-server' } }));
    await overlap(on.prove(set({ files, fields: { Breaks: 'other' } })));
    await overlap(on.prove(set({ files, fields: { Replaces: 'other (<< 1)' } })));
  });

  it('counts folders not at all, and links to one folder as one', async () => {
    const code = { 'usr/share/wiki/skins/x': 'a' };
    await on.prove(
      set(
        { files: { ...code, 'var/lib/wiki/skins': '-> ../../../usr/share/wiki/skins' } },
        {
          files: { 'usr/share/wiki/skins/y': 'b', 'var/lib/wiki/skins': '-> ../../../usr/share/wiki/skins' },
        },
      ),
    );
    const { message } = await overlap(
      on.prove(
        set(
          { files: { ...code, 'var/lib/wiki/x': '-> ../../../usr/share/wiki/skins/x' } },
          { files: { 'var/lib/wiki/x': '-> ../../../usr/share/wiki/skins/x' } },
        ),
      ),
    );
    assert.match(message, /\/var\/lib\/wiki\/x is in/);
  });

  it('finds a file that moved to another package since the suite was published', async () => {
    const id = '20260101T000000Z';
    const old = await on.set(
      [
        { package: 'set-full', version: '1', depends: 'wiki (= 1.5), extra (= 1)' },
        { package: 'wiki', version: '1.5', files: { 'usr/share/moved': 'a' } },
        { package: 'extra', version: '1' },
      ],
      id,
    );
    const { message } = await overlap(
      on.prove(set({}, { files: { 'usr/share/moved': 'a' } }), { before: [old] }),
    );
    assert.match(message, /\/usr\/share\/moved is in extra 2 and in wiki 1\.5 of 20260101T000000Z/);
    const fields = { Replaces: 'wiki (<< 2)', Breaks: 'wiki (<< 2)' };
    await on.prove(set({}, { files: { 'usr/share/moved': 'a' }, fields }), { before: [old] });
  });

  it('goes on where the mirror has no Contents, or another than it promised, and says so', async () => {
    const { server } = on.mirror;
    for (const fault of ['missing', 'flipped'] as const) {
      await rm(on.resolving.store.root, { recursive: true });
      await on.forget();
      server.fault(/Contents|main\/by-hash/, fault);
      try {
        const { notes } = await on.prove(set({ files: { 'usr/bin/wiki': fault } }));
        assert.match(
          notes.map((note) => noteWords(note, 'Debian 12')).join(),
          /the mirror lacks the main\/Contents-amd64\.gz that bookworm names/,
        );
      } finally {
        server.noFaults();
      }
    }
  });

  it('reads the Contents once', async () => {
    const files = { 'usr/share/wiki/new': 'a' };
    await on.prove(set({ files }));
    on.mirror.server.asked();
    await rm(on.resolving.store.root, { recursive: true });
    await on.prove(await on.set(set({ files })));
    assert.deepEqual(
      on.mirror.server.asked().filter((path) => path.includes('Contents')),
      [],
    );
  });
});
