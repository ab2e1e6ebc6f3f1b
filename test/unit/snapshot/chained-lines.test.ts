import assert from 'node:assert/strict';
import { z } from 'zod';
import { LockstepError } from '../../../src/errors.js';
import { generateKey } from '../../../src/signing/keys.js';
import {
  chainedFields,
  contentHashes,
  firstLine,
  headsOf,
  lineFaults,
  lastLineHash,
  nextChainedLine,
  nextHead,
  parseChainedLines,
} from '../../../src/snapshot/chained-lines.js';
import type { Signer } from '../../../src/signing/signer-port.js';

const schema = z.object({ ...chainedFields, what: z.string() });
const date = new Date('2026-11-23T10:15:30Z');

describe('lines that are chained and signed', () => {
  let signer: Signer;
  let keyring: Uint8Array;

  before(async () => {
    const openpgp = await import('openpgp');
    const key = await generateKey({ name: 'Test', date: new Date('2026-01-01T00:00:00Z') });
    const signingKeys = await openpgp.readPrivateKey({ armoredKey: key.privateArmored });
    keyring = key.publicBinary;
    signer = {
      fingerprint: key.fingerprint,
      clearsign: () => Promise.reject(new Error('not asked for')),
      detached: async (data, when) => {
        const message = await openpgp.createMessage({ binary: Buffer.from(data) });
        return String(await openpgp.sign({ message, signingKeys, date: when, detached: true }));
      },
      publicKey: () => Promise.resolve({ armored: key.publicArmored, binary: key.publicBinary }),
    };
  });

  async function written(...signed: boolean[]): Promise<string> {
    let text = '';
    for (const [at, by] of signed.entries()) {
      text += await nextChainedLine(
        text,
        { what: String(at) },
        by ? { signer, date, what: 'test' } : undefined,
      );
    }
    return text;
  }
  async function faults(text: string, accepted?: ReadonlySet<string>): Promise<string[]> {
    const found = await lineFaults(text, parseChainedLines(text, 'f', schema), 'f', {
      keyring,
      taken: { kind: 'recorded', at: date },
      accepted,
    });
    return found.map(({ line, message }) => `${line}: ${message}`);
  }

  it('are good when all are signed, or when the first ones are older than signatures', async () => {
    assert.deepEqual(await faults(await written(true, true)), []);
    assert.deepEqual(await faults(await written(false, false, true)), []);
  });

  it('need no signature up to a line that is vouched for elsewhere, and after it they do', async () => {
    const [two, three] = [await written(false, false), await written(false, false, true, false)];
    const accepted = new Set([lastLineHash(two)]);
    assert.deepEqual(await faults(two, accepted), []);
    assert.deepEqual(await faults(three, accepted), ['4: it is not signed, but an earlier line is']);
    // In another form the hash of the line is another one, and so are those after it
    assert.equal((await faults(two.replace('"what":"1"', '"what":"2"'), accepted)).length, 1);
  });

  it('are not when the last one is not signed, or one after a signed one', async () => {
    assert.match(
      (await faults(await written(false, false))).join(),
      /^2: it is not signed, and no signed line follows/,
    );
    assert.match((await faults(await written(true, false, true))).join(), /^2: it is not signed, but/);
  });

  it('show a last line that was changed, which no chain shows', async () => {
    const text = await written(true, true);
    assert.match(
      (await faults(text.replace('"what":"1"', '"what":"x"'))).join(),
      /^2: its signature is not accepted/,
    );
    const only = (await written(true)).replace('"format":1', '"extra":1,"format":1');
    assert.match((await faults(only)).join(), /^1: its signature is not accepted/);
    const renamed = (await written(true)).replace('"signature"', '"signatura"');
    assert.match((await faults(renamed)).join(), /^1: it is not in canonical form/);
  });

  it('of nobody have nothing to vouch for', async () => {
    const other = await generateKey({ name: 'Other', date: new Date('2026-01-01T00:00:00Z') });
    const text = await written(true);
    const entries = parseChainedLines(text, 'f', schema);
    const found = await lineFaults(text, entries, 'f', {
      keyring: other.publicBinary,
      taken: { kind: 'recorded', at: date },
    });
    assert.match(found[0]!.message!, /not in the keyring/);
  });

  it('of two people follow the same one, and the next line follows both', async () => {
    const root = await written(true);
    const by = { signer, date, what: 'test' };
    const forked =
      root +
      (await nextChainedLine(root, { what: 'of one person' }, by)) +
      (await nextChainedLine(root, { what: 'of another person' }, by));
    assert.deepEqual(await faults(forked), []);
    assert.equal(headsOf(forked).length, 2);
    assert.equal(parseChainedLines(forked, 'f', schema).length, 3);
    const merged = forked + (await nextChainedLine(forked, { what: 'merge' }));
    assert.equal(headsOf(merged).length, 1);
    const entries = parseChainedLines(merged, 'f', schema);
    assert.deepEqual([entries[3]!.format, entries[3]!.merges?.length], [2, 1]);
    assert.deepEqual(nextHead(forked, { what: 'merge' }), {
      count: 4,
      sha256: contentHashes(merged).at(-1),
    });
    // Neither side can be taken away after that
    for (const gone of [1, 2]) {
      const rest = merged.split('\n').filter((_, index) => index !== gone);
      assert.throws(() => parseChainedLines(rest.join('\n'), 'f', schema), { code: 'SNAPSHOT_INVALID' });
    }
    assert.deepEqual([...firstLine(merged, undefined)].sort(), [0, 2, 3]);
    assert.deepEqual([...firstLine(merged, contentHashes(merged)[1])].sort(), [0, 1]);
  });

  it('are missing in a file that is empty, and twice in one that was copied together', async () => {
    const text = await written(true, true);
    const says = (what: string, re: RegExp): void =>
      assert.throws(
        () => parseChainedLines(what, 'f', schema),
        (error: unknown) => error instanceof LockstepError && re.test(error.message),
      );
    says('', /line 1: the file is empty/);
    says(text + text, /line 3: it occurs twice/);
    const [first = '', second = ''] = text.split('\n');
    says(`${second}\n${first}\n`, /line 1: the lines before it are missing/);
  });
});
