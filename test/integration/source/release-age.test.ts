import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentPhase } from '../../../src/io/progress.js';
import { openReleases } from '../../../src/source/apt-archive.js';
import { noAptConfiguration } from '../../../src/source/apt-configuration.js';
import { chooseMirror } from '../../../src/source/mirror.js';
import { baseReleaseFileOf, type ReleaseFloor } from '../../../src/source/release-age.js';
import { toldIn, type SourceContext } from '../../../src/source/source-context.js';
import { FileServer, throwAwaySigner, TestMirror } from '../../fixtures/mirror.js';
import { wikiMirror } from '../../fixtures/wiki-mirror.js';
import { fault, only, Resolving } from './resolving.js';

const day = 86400;

describe('the age of a Release', () => {
  let mirror: TestMirror;
  /** The same archive, as it was. */
  let late: FileServer;
  let resolving: Resolving;
  let now: number;

  beforeEach(async () => {
    now = Math.floor(Date.now() / 1000);
    mirror = await TestMirror.start(dated(now - 2 * day));
    late = await FileServer.start(new Map(mirror.server.files));
    resolving = await Resolving.with(mirror);
    await mirror.publish(dated(now - day));
  });
  afterEach(async () => {
    await resolving.end();
    await late.stop();
    await mirror.stop();
  });

  const dated = (date: number) => {
    const spec = wikiMirror();
    return {
      release: { ...spec.release, date },
      updates: { ...spec.updates, date },
      security: { ...spec.security, date },
    };
  };

  function of(...urls: string[]): Pick<SourceContext, 'mirror'> {
    const base = { distribution: 'debian', codename: 'bookworm', architectures: ['amd64'] };
    const environment = { LOCKSTEP_MIRROR: urls.join(' ') };
    return { mirror: chooseMirror({ base, environment, apt: noAptConfiguration }) };
  }
  const lateUrl = (): string => `${late.origin}/debian`;

  /** As a snapshot records it, after which nothing but that record is left. */
  async function floorAfter(more: Partial<SourceContext> = {}): Promise<ReleaseFloor> {
    const releases = (await openReleases(resolving.context(more))).map(baseReleaseFileOf);
    await rm(join(resolving.folder, 'cache'), { recursive: true });
    return new Map([['20260101T000000Z', releases]]);
  }

  it('is never before that of the last snapshot, by whatever address and without a cache', async () => {
    const floor = await floorAfter();
    assert.deepEqual(
      [...floor.values()].flat().map(({ suite, origin }) => [suite, origin]),
      [
        ['bookworm', 'Debian'],
        ['bookworm-updates', 'Debian'],
        ['bookworm-security', 'Debian'],
      ],
    );
    const both = new RegExp(
      `dated ${isoOf(now - 2 * day)}, but the snapshot 20260101T000000Z was made from that of ${isoOf(now - day)}`,
    );
    await assert.rejects(
      resolving.run(only('mediawiki'), { ...of(lateUrl()), floor }),
      fault('SOURCE_OLDER', both),
    );
    // Where somebody says that it is right
    assert.equal((await resolving.run(only('mediawiki'), of(lateUrl()))).size, 1);
  });

  it('passes over a mirror that lags', async () => {
    const floor = await floorAfter();
    const told: string[] = [];
    const phase = { ...silentPhase, info: (text: string) => void told.push(text) };
    const context = toldIn(phase, resolving.context({ ...of(lateUrl(), mirror.url), floor }));
    const opened = await openReleases(context);
    assert.deepEqual([...new Set(opened.map(({ release }) => release.date))], [now - day]);
    assert.match(told.join('\n'), /is dated .*, but the snapshot .*; trying the next mirror/);
    await assert.rejects(
      resolving.run(only('mediawiki'), { ...of(lateUrl(), `${late.origin}/./debian`), floor }),
      fault('SOURCE_OLDER', /None of 2 addresses/),
    );
  });

  it('is compared within one publisher only', async () => {
    const floor = await floorAfter();
    const other = await throwAwaySigner(mirror.folder, 'Another Archive');
    const [own, foreign] = [await mirror.signer.publicKey(), await other.publicKey()];
    const keyring = join(mirror.folder, 'other.gpg');
    const spec = dated(now - 2 * day);
    await mirror.publish({
      release: { ...spec.release, signer: other },
      updates: { ...spec.updates, signer: other },
      security: { ...spec.security, signer: other },
    });
    await writeFile(keyring, foreign.binary);
    assert.equal((await openReleases(resolving.context({ keyring, floor }))).length, 3);
    // A keyring with both keys: they are two keys of one publisher
    await writeFile(keyring, Buffer.concat([own.binary, foreign.binary]));
    await assert.rejects(openReleases(resolving.context({ keyring, floor })), fault('SOURCE_OLDER'));
  });

  it('is named where suites of one base are from different days', async () => {
    const spec = dated(now);
    const security = { ...spec.security, date: now - 3 * day, validFor: 30 * day };
    await mirror.publish({ ...spec, security });
    const told: string[] = [];
    const phase = { ...silentPhase, info: (text: string) => void told.push(text) };
    await openReleases(toldIn(phase, resolving.context()));
    assert.match(told.join('\n'), /suites of the base are from different days: bookworm-security of /);
  });

  it('comes with the clock that is wrong: that of this machine, by the server', async () => {
    resolving.now = new Date((now - 3 * day) * 1000);
    const context = resolving.context();
    await assert.rejects(
      openReleases(context),
      fault('VERIFY_BAD_SIGNATURE', /the clock of this machine is 3 days behind the server's/),
    );
    resolving.now = new Date((now + 20 * day) * 1000);
    await assert.rejects(
      openReleases(resolving.context()),
      fault('SOURCE_EXPIRED', /the clock of this machine is 20 days ahead of the server's/),
    );
  });

  it('comes with the clock that is wrong: not that of this machine', async () => {
    const ahead = dated(now);
    const security = { ...ahead.security, date: now + day, signedAt: now };
    await mirror.publish({ ...ahead, security });
    await assert.rejects(
      openReleases(resolving.context()),
      fault('SOURCE_FUTURE', /; the server's clock agrees with it/),
    );
    await mirror.publish({ ...ahead, security: { ...security, date: now - 20 * day } });
    await assert.rejects(
      openReleases(resolving.context()),
      fault('SOURCE_EXPIRED', /; the server's clock agrees with it/),
    );
  });
});

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
