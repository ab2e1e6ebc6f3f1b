import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../../src/errors.js';
import { idOf, parseCommit, parseTag, parseTree } from '../../../../src/source/git/git-object.js';

const id = 'ab'.repeat(20);

describe("texts of git's objects", () => {
  it('have the ids that git gives them', () => {
    assert.equal(idOf('blob', Buffer.alloc(0)), 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
    assert.equal(idOf('tree', Buffer.alloc(0)), '4b825dc642cb6eb9a060e54bf8d69288fbee4904');
  });

  it('are signed without the signature itself', () => {
    const head = `tree ${id}\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 1700000000 +0100\n`;
    const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n';
    const text = `${head}${signature}encoding x\n\nmessage\ngpgsig in it\n`;
    const commit = parseCommit(Buffer.from(text), id);
    assert.equal(commit.committedAt, 1_700_000_000);
    assert.equal(commit.signature!.payload.toString(), `${head}encoding x\n\nmessage\ngpgsig in it\n`);
    assert.equal(
      commit.signature!.armored,
      '-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----\n',
    );
    assert.throws(
      () => parseCommit(Buffer.from(`${head}${signature}${signature}\nx\n`), id),
      /more than one/,
    );
  });

  it('begin with the tree, where they are a commit', () => {
    const committer = 'committer C <c@d> 1700000000 +0100\n';
    const refused = (text: string): void =>
      assert.throws(() => parseCommit(Buffer.from(text), id), { code: 'SOURCE_GIT_DAMAGED' });
    refused(`parent ${id}\ntree ${id}\n${committer}\nx\n`);
    refused(`tree abc\n${committer}\nx\n`);
    refused(`tree ${id}\n\nx\n`);
  });

  it('hold a signed tag whose message looks like a signature', () => {
    const block = '-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n';
    const head = `object ${id}\ntype commit\ntag 1.0\ntagger T <t@e> 1 +0000\n\n`;
    const tag = parseTag(Buffer.from(`${head}see:\n${block}${block}`), id);
    assert.equal(tag.name, '1.0');
    assert.equal(tag.signature!.payload.toString(), `${head}see:\n${block}`);
    assert.equal(tag.signature!.armored, block);
    assert.equal(parseTag(Buffer.from(`${head}no\n`), id).signature, null);
  });

  it('are refused, and never understood, when they are anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const parse of [parseCommit, parseTag, (body: Buffer) => parseTree(body, id, '')]) {
          try {
            parse(Buffer.from(bytes), id);
          } catch (error) {
            assert.ok(error instanceof LockstepError);
          }
        }
      }),
    );
  });
});
