import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  endSigner,
  makeSigner,
  type GitIdentity,
  type GitRepository,
} from '../../../fixtures/git-repository.js';
import { faultOf, GitFetching } from '../../../fixtures/git-fetching.js';

describe('a git source whose keys are named', function () {
  this.timeout(60_000);
  let git: GitFetching;
  let signer: Required<GitIdentity>;
  let other: Required<GitIdentity>;
  let project: GitRepository;
  const config = { signedBy: 'keys/project.asc' };
  const url = (): string => git.server.url('project');

  before(async () => {
    git = await GitFetching.start();
    mkdirSync(join(git.folder, 'workspace/keys'), { recursive: true });
    signer = makeSigner(join(git.folder, 'gpg-a'), join(git.folder, 'workspace/keys/project.asc'));
    other = makeSigner(join(git.folder, 'gpg-b'), join(git.folder, 'workspace/keys/other.asc'), 'Other');
    project = git.repository('project', signer);
    project.time = Date.now() / 1000 - 3600;
    project.time = Math.floor(project.time);
    project.commit({ a: '1' });
    project.tag('1.0', '-u', signer.key, '-m', 'one');
    project.tag('unsigned', '-a', '-m', 'nobody');
    project.commit({ a: '2' }, 'signed\n\nas git has it', `-S${signer.key}`);
    project.tag('2.0');
    project.tag('2.0.1', '-a', '-m', 'tag unsigned, commit signed');
    project.git('branch', 'stable');
  });
  after(async () => {
    endSigner(signer.gnupgHome);
    endSigner(other.gnupgHome);
    await git.stop();
  });

  it('takes a tag that such a key signed, and names the key', async () => {
    const pin = await git.fetch({ url: url(), tag: '1.0', ...config });
    assert.equal(pin.signedBy, signer.key);
    assert.ok(pin.provenance.some(({ step, by }) => step === 'signature' && by === signer.key));
  });

  it('takes a commit that such a key signed', async () => {
    for (const what of [
      { tag: '2.0' },
      { tag: '2.0.1' },
      { branch: 'stable' },
      { commit: project.git('rev-parse', 'stable') },
    ]) {
      assert.equal((await git.fetch({ url: url(), ...what, ...config })).signedBy, signer.key);
    }
  });

  it('refuses what nobody signed', async () => {
    const fault = await faultOf(git.fetch({ url: url(), tag: 'unsigned', ...config }));
    assert.equal(fault.code, 'VERIFY_NO_SIGNATURE');
    assert.equal((await git.fetch({ url: url(), tag: 'unsigned' })).signedBy, null);
    // It is in the cache now, and still nobody signed it
    const again = await faultOf(git.fetch({ url: url(), tag: 'unsigned', ...config }));
    assert.equal(again.code, 'VERIFY_NO_SIGNATURE');
  });

  it('refuses a tag that another key signed', async () => {
    const wrong = await faultOf(git.fetch({ url: url(), tag: '1.0', signedBy: 'keys/other.asc' }));
    assert.equal(wrong.code, 'VERIFY_UNKNOWN_KEY');
    const commit = await faultOf(git.fetch({ url: url(), tag: '2.0', signedBy: 'keys/other.asc' }));
    assert.equal(commit.code, 'VERIFY_UNKNOWN_KEY');
    const missing = await faultOf(git.fetch({ url: url(), tag: '1.0', signedBy: 'keys/none.asc' }));
    assert.equal(missing.code, 'SOURCE_KEYS_MISSING');
  });

  it('refuses a signed tag under another name: a rollback to an old version', async () => {
    project.git('update-ref', 'refs/tags/3.0', project.git('rev-parse', 'refs/tags/1.0'));
    const fault = await faultOf(git.fetch({ url: url(), tag: '3.0', ...config }));
    assert.equal(fault.code, 'VERIFY_BAD_SIGNATURE');
    assert.match(fault.message, /its own name is "1\.0"/);
  });

  it('refuses a signed tag that was changed, by what it says or by what it points at', async () => {
    const text = project.git('cat-file', 'tag', '1.0');
    const old = project.git('rev-parse', '1.0^{commit}');
    const now = project.git('rev-parse', 'stable');
    for (const changed of [text.replace('one', 'two'), text.replace(old, now)]) {
      project.git(
        'update-ref',
        'refs/tags/4.0',
        project.object('tag', `${changed.replace('tag 1.0', 'tag 4.0')}\n`),
      );
      const fault = await faultOf(git.fetch({ url: url(), tag: '4.0', ...config }));
      assert.equal(fault.code, 'VERIFY_BAD_SIGNATURE', fault.message);
    }
  });

  it('refuses a commit whose signature is of another text, or not OpenPGP’s', async () => {
    const text = project.git('cat-file', 'commit', 'stable');
    const changed = project.object('commit', `${text.replace('signed', 'forged')}\n`);
    project.git('update-ref', 'refs/heads/forged', changed);
    const fault = await faultOf(git.fetch({ url: url(), branch: 'forged', ...config }));
    assert.equal(fault.code, 'VERIFY_BAD_SIGNATURE');
    const ssh = text.replace(
      /gpgsig [^]*?-----END PGP SIGNATURE-----/,
      'gpgsig -----BEGIN SSH SIGNATURE-----\n U1NI\n -----END SSH SIGNATURE-----',
    );
    project.git('update-ref', 'refs/heads/ssh', project.object('commit', `${ssh}\n`));
    const other = await faultOf(git.fetch({ url: url(), branch: 'ssh', ...config }));
    assert.equal(other.code, 'VERIFY_NO_SIGNATURE');
    assert.match(other.message, /not an OpenPGP signature/);
  });

  it('takes a tag by a key that has expired since only where that is no news', async () => {
    const home = join(git.folder, 'gpg-c');
    const former = makeSigner(
      home,
      join(git.folder, 'workspace/keys/former.asc'),
      'Former',
      '20400301T000000',
    );
    const repository = git.repository('former', former);
    repository.time = project.time;
    try {
      repository.commit({ a: '1' });
      repository.tag('1.0', '-u', former.key, '-m', 'one');
    } finally {
      endSigner(home);
    }
    const wanted = { url: git.server.url('former'), tag: '1.0', signedBy: 'keys/former.asc' };
    const at = (date: string) => ({ clock: { now: () => new Date(date), sleep: () => Promise.resolve() } });
    const pin = await git.fetch(wanted);
    assert.equal(pin.signedBy, former.key);
    const now = at('2040-05-01T00:00:00Z');
    const fault = await faultOf(git.fetch(wanted, now));
    assert.equal(fault.code, 'VERIFY_BAD_SIGNATURE');
    assert.match(fault.message, /its key expired on 2040-03-01/);
    assert.match(fault.hint!, /"expiredKeys" of components\.thing\.source/);
    assert.deepEqual(await git.fetch(wanted, { ...now, knownPins: [pin] }), pin);
    for (const other of [
      { ...pin, signedBy: signer.key },
      { ...pin, commit: 'a'.repeat(40), ref: 'refs/tags/0.9' },
      { ...pin, ref: 'refs/tags/0.9' },
    ]) {
      assert.equal(
        (await faultOf(git.fetch(wanted, { ...now, knownPins: [other] }))).code,
        'VERIFY_BAD_SIGNATURE',
      );
    }
    const expiredKeys = [{ fingerprint: former.key, reason: 'Retired; the hash was compared' }];
    const named = await git.fetch({ ...wanted, expiredKeys }, now);
    assert.ok(named.provenance.some(({ step }) => step.endsWith('accepted: Retired; the hash was compared')));
  });

  it('checks a tree of the cache again when the keyring changes', async () => {
    writeFileSync(join(git.folder, 'workspace/keys/changing.asc'), '');
    await git.fetch({ url: url(), tag: '1.0', ...config });
    const fault = await faultOf(git.fetch({ url: url(), tag: '1.0', signedBy: 'keys/changing.asc' }));
    assert.equal(fault.code, 'KEYRING_INVALID');
  });
});
