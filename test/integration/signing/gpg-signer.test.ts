import assert from 'node:assert/strict';
import { chmod, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '../../../src/errors.js';
import { LockstepError } from '../../../src/errors.js';
import { run } from '../../../src/io/process.js';
import { linkPlaces, reachableHome } from '../../../src/signing/gpg-home.js';
import { signingEnd } from '../../../src/signing/key-end.js';
import { loadPublicKey } from '../../../src/signing/public-key.js';
import type { Signer } from '../../../src/signing/signer.js';
import { gpgSigner, loadSigner } from '../../../src/signing/signer.js';
import { verifyClearsigned, verifyDetached } from '../../../src/signing/verifier.js';
import { needs } from '../../fixtures/machine.js';
import type { Scratch } from '../../fixtures/signing-machine.js';
import { accepts, at, GnupgHome, scratch } from '../../fixtures/signing-machine.js';

const made = new Date('2026-01-01T00:00:00Z');
const date = new Date('2026-02-03T04:05:06Z');
const text = 'Origin: Tést\n- dash\nFrom here\n trailing \n\n';
const withCode = (code: ErrorCode) => (error: unknown) =>
  error instanceof LockstepError && error.code === code;

describe("the signer with the user's gpg", () => {
  let dir: Scratch;
  let home: GnupgHome | undefined;
  let homedir: string;
  let fingerprint: string;
  let signer: Signer;
  before(async function () {
    await needs(this, { tools: ['gpg', 'gpgconf', 'gpgv', 'sqv'] });
    dir = await scratch();
    home = await GnupgHome.make();
    ({ homedir } = home);
    fingerprint = await home.generate('Somebody', 'ed25519', made);
    await home.generate('Twin <one@test.invalid>', 'ed25519', made);
    await home.generate('Twin <two@test.invalid>', 'ed25519', made);
    signer = await gpgSigner({ keyId: fingerprint, homedir });
  });
  after(async () => {
    await home?.remove();
    await dir?.remove();
  });

  it('makes files that gpgv, sqv and we accept, dated as asked', async () => {
    const { binary, armored } = await signer.publicKey();
    const keyring = await dir.put('keyring.gpg', binary);
    const inRelease = await signer.clearsign(text, date);
    const detached = await signer.detached(text, date);
    const verified = await verifyClearsigned(inRelease, binary, { taken: { kind: 'arriving', now: date } });
    assert.equal(verified.text, text.replace('trailing ', 'trailing'));
    assert.deepEqual(verified.signers, [{ fingerprint, keyEnds: null }]);
    assert.deepEqual(verified.signatures[0]?.created, date);
    assert.equal(
      (await verifyDetached(text, detached, Buffer.from(armored), { taken: { kind: 'arriving', now: date } }))
        .result,
      'good',
    );
    const files = [await dir.put('Release.gpg', detached), await dir.put('Release', text)];
    assert.equal(await accepts('gpgv', ['--keyring', keyring, await dir.put('InRelease', inRelease)]), true);
    assert.equal(await accepts('gpgv', ['--keyring', keyring, ...files]), true);
    assert.equal(await accepts('sqv', ['--keyring', keyring, ...files]), true);
  });

  it('is what a workspace configures', async () => {
    const loaded = await loadSigner({ method: 'gpg', key: fingerprint, homedir }, {}, dir.path('.'));
    assert.equal(loaded.fingerprint, fingerprint);
  });

  describe('of a key with several signing subkeys', () => {
    let primary: string;
    let first: string;
    let second: string;
    before(async () => {
      assert.ok(home);
      primary = await home.generate('Several', 'ed25519', made);
      for (const day of ['02', '03']) {
        const when = at(new Date(`2026-01-${day}T00:00:00Z`));
        await home.gpg([...when, '--quick-add-key', primary, 'ed25519', 'sign', 'never']);
      }
      const { stdout } = await home.gpg(['--with-colons', '--list-keys', '--', primary]);
      [, first = '', second = ''] = [...stdout.matchAll(/^fpr:+([0-9A-F]+):/gm)].map((match) => match[1]);
    });

    it('signs with the one that is named, and else with the newest', async () => {
      const wanted: [string, string, string | undefined][] = [
        [primary, second, undefined],
        [first, first, first],
        [second.toLowerCase(), second, second],
        [`${first}!`, first, first],
        [`${primary}!`, primary, primary],
      ];
      for (const [keyId, by, signsWith] of wanted) {
        const one = await gpgSigner({ keyId, homedir });
        assert.equal(one.fingerprint, primary, keyId);
        const half = await one.publicKey();
        assert.equal(half.signsWith, signsWith, keyId);
        const taken = { kind: 'arriving', now: date } as const;
        const { signatures } = await verifyClearsigned(await one.clearsign('x\n', date), half.binary, {
          taken,
        });
        assert.deepEqual(
          signatures.map(({ signingKey, fingerprint: of }) => [signingKey, of]),
          [[by, primary]],
          keyId,
        );
        const loaded = await loadPublicKey({ method: 'gpg', key: keyId, homedir }, dir.path('.'));
        assert.deepEqual(await loaded.publicKey(), half, keyId);
      }
    });

    it('ends when the one that signs does', async () => {
      assert.ok(home);
      await home.gpg([
        ...at(new Date('2026-01-04T00:00:00Z')),
        '--quick-set-expire',
        primary,
        '20400401T000000',
        first,
      ]);
      const endOf = async (keyId: string, now = date): Promise<string | undefined> =>
        (await signingEnd(await (await gpgSigner({ keyId, homedir })).publicKey(), now))?.toISOString();
      assert.equal(await endOf(first), '2040-04-01T00:00:00.000Z');
      assert.equal(await endOf(first, new Date('2040-05-01T00:00:00Z')), '2040-04-01T00:00:00.000Z');
      assert.equal(await endOf(second), undefined);
      assert.equal(await endOf(primary), undefined);
    });
  });

  it('works from a homedir whose path is too long for a socket', async () => {
    assert.ok(home);
    const long = join(dir.path('.'), 'x'.repeat(130));
    await cp(homedir, long, { recursive: true, filter: (path) => !/\/S\./.test(path) });
    try {
      const one = await gpgSigner({ keyId: fingerprint, homedir: long });
      const detached = await one.detached(text, date);
      const { binary } = await one.publicKey();
      const taken = { kind: 'arriving', now: date } as const;
      assert.equal((await verifyDetached(text, detached, binary, { taken })).result, 'good');
    } finally {
      const link = await reachableHome(long, linkPlaces());
      await run('gpgconf', ['--homedir', link, '--kill', 'all'], { allowFailure: true });
      await rm(link);
    }
  });

  it('says so where no shorter path can be had', async () => {
    const long = join(dir.path('.'), 'x'.repeat(130));
    await assert.rejects(reachableHome(long, [`/tmp/${'y'.repeat(100)}`]), (error: LockstepError) => {
      assert.equal(error.code, 'SIGN_GPG');
      assert.match(error.message, /too long for the socket of its agent/);
      return true;
    });
  });

  it('takes no folder for a shorter path to which others may write', async () => {
    const long = join(dir.path('.'), 'x'.repeat(130));
    // The folder of the tests may itself be too deep for a socket
    const place = await mkdtemp('/tmp/l-');
    try {
      const shared = join(place, `lockstep-gpg-${process.getuid?.()}`);
      await mkdir(shared);
      await chmod(shared, 0o777);
      await assert.rejects(reachableHome(long, [place]), (error: LockstepError) => {
        assert.equal(error.code, 'SIGN_GPG');
        assert.match(error.message, /is not only accessible to this user/);
        return true;
      });
    } finally {
      await rm(place, { recursive: true });
    }
  });

  it('names a key that is missing or ambiguous', async () => {
    await assert.rejects(gpgSigner({ keyId: 'A'.repeat(40), homedir }), withCode('SIGN_KEY_MISSING'));
    await assert.rejects(gpgSigner({ keyId: 'Twin', homedir }), withCode('SIGN_KEY_INVALID'));
    await assert.rejects(gpgSigner({ keyId: '--version', homedir }), withCode('SIGN_KEY_MISSING'));
  });

  it('says what gpg said when it refuses', async () => {
    const error: unknown = await signer.detached(text, new Date('2025-01-01')).catch((e: unknown) => e);
    assert.ok(withCode('SIGN_GPG')(error), String(error));
  });

  it('names the program that is missing', async () => {
    await assert.rejects(
      gpgSigner({ keyId: fingerprint, homedir, gpgProgram: 'no-such-gpg' }),
      withCode('TOOL_MISSING'),
    );
  });
});
