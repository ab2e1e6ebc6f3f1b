import assert from 'node:assert/strict';
import { chmod, rm } from 'node:fs/promises';
import { keyRotateResult } from '../../../src/workflows/keys/key-results.js';
import { refreshResult } from '../../../src/workflows/upkeep/upkeep-results.js';
import { buildResult, cutResult, releaseResult } from '../../../src/workflows/release/release-results.js';
import { keyResult } from '../../../src/workflows/keys/key-results.js';
import { publishResult } from '../../../src/workflows/move/move-results.js';
import { Bench, profile, suite } from '../../fixtures/bad-input-bench.js';

const passphrase = 'correct horse battery staple';

describe('a protected key', function () {
  this.timeout(60_000);
  let bench: Bench;
  let key: string;

  before(async () => {
    bench = await Bench.make();
    await rm(bench.path('.lockstep/keys'), { recursive: true });
    const made = await bench.succeeds(keyResult, ['key', 'generate'], { LOCKSTEP_PASSPHRASE: passphrase });
    assert.equal(made.protected, true);
    key = made.keyFile;
  });
  after(async () => bench?.end());

  const release = [['release', profile]];
  const every = [...release, ['cut', profile], ['publish', '20260101T000000Z', suite]];

  /** It shows before anything is fetched or built. */
  async function refused(
    commands: string[][],
    env: Record<string, string>,
    code: Parameters<Bench['fails']>[1]['code'],
    says: RegExp[],
  ) {
    for (const args of commands) {
      const { stderr } = await bench.fails(args, { code, env, says });
      assert.ok(!stderr.includes(passphrase), 'the passphrase is nowhere');
      assert.deepEqual(bench.mirror.server.asked(), []);
    }
  }

  it('is not opened by a wrong passphrase in the environment', async () => {
    await refused(every, { LOCKSTEP_PASSPHRASE: 'wrong' }, 'SIGN_WRONG_PASSPHRASE', [
      new RegExp(`does not unlock the key: ${key}`),
      /LOCKSTEP_PASSPHRASE/,
    ]);
  });

  it('is not opened by a file with a wrong passphrase', async () => {
    const file = await bench.secret('wrong', 'wrong\n');
    await refused(release, { LOCKSTEP_PASSPHRASE_FILE: file }, 'SIGN_WRONG_PASSPHRASE', [
      /LOCKSTEP_PASSPHRASE_FILE/,
    ]);
  });

  it('is not opened without one', async () => {
    await refused(release, {}, 'SIGN_PASSPHRASE_NEEDED', [
      /needs a passphrase, and none was given/,
      /LOCKSTEP_PASSPHRASE_FILE/,
    ]);
  });

  it('is not opened by a file that others can read, or that is empty or not there', async () => {
    const open = await bench.secret('open', `${passphrase}\n`);
    await chmod(open, 0o644);
    const empty = await bench.secret('empty', '\n');
    const expect = async (file: string, code: 'SIGN_KEY_MODE' | 'SIGN_PASSPHRASE_NEEDED', says: RegExp) =>
      bench.fails(['cut', profile], { code, env: { LOCKSTEP_PASSPHRASE_FILE: file }, says: [says] });
    await expect(open, 'SIGN_KEY_MODE', new RegExp(`chmod 600 ${open}`));
    await expect(empty, 'SIGN_PASSPHRASE_NEEDED', new RegExp(`empty: ${empty}`));
    await expect(`${empty}-not`, 'SIGN_PASSPHRASE_NEEDED', new RegExp(`does not exist: ${empty}-not`));
  });

  it('is not overwritten, nor made without a word about its protection', async () => {
    const env = { LOCKSTEP_PASSPHRASE: passphrase };
    await bench.fails(['key', 'generate'], { code: 'SIGN_KEY_EXISTS', env, says: [new RegExp(key)] });
    await bench.fails(['key', 'generate'], { code: 'SIGN_PASSPHRASE_NEEDED', says: [/--no-passphrase/] });
  });

  it('is opened by the right one, from either', async () => {
    const file = await bench.secret('right', `${passphrase}\n`);
    const first = await bench.succeeds(releaseResult, ['release', profile], {
      LOCKSTEP_PASSPHRASE: passphrase,
    });
    assert.equal(first.cut, true);
    const again = await bench.succeeds(releaseResult, ['release', profile], {
      LOCKSTEP_PASSPHRASE_FILE: file,
    });
    assert.equal(again.snapshot, first.snapshot);
  });

  it('is not needed to build, nor to say what would be done', async () => {
    const built = await bench.succeeds(buildResult, ['build', profile]);
    assert.ok(built.packages.length > 0);
    const planned = await bench.succeeds(releaseResult, ['release', profile, '--dry-run']);
    assert.equal(planned.snapshot, null);
    const { id, cut } = await bench.succeeds(cutResult, ['cut', profile, '--dry-run']);
    assert.equal(cut, false);
    const moved = await bench.succeeds(publishResult, ['publish', id, suite, '--dry-run']);
    assert.equal(moved.snapshot, id);
    const { views } = await bench.succeeds(refreshResult, ['refresh', suite, '--dry-run']);
    assert.ok(views.length > 0);
    await bench.succeeds(keyRotateResult, ['key', 'rotate', '--dry-run']);
    for (const args of [
      ['publish', id, suite],
      ['refresh', suite],
      ['cut', profile],
    ]) {
      await bench.fails(args, {
        code: 'SIGN_PASSPHRASE_NEEDED',
        says: [/needs a passphrase, and none was given/],
      });
    }
  });

  it('is missed where it was', async () => {
    await rm(key);
    await bench.fails(['release', profile], {
      code: 'SIGN_KEY_MISSING',
      says: [new RegExp(key), /key generate/],
    });
  });
});
