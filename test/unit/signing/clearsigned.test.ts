import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ErrorCode } from '../../../src/errors.js';
import { LockstepError } from '../../../src/errors.js';
import {
  canonicalBytes,
  formatClearsigned,
  signableText,
  splitClearsigned,
} from '../../../src/signing/clearsigned.js';

const block = '-----BEGIN PGP SIGNATURE-----\n\nwnUEARYKACcFgmrn0oAJ\n=W/Bj\n-----END PGP SIGNATURE-----\n';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const signed = (text: string): string => formatClearsigned(signableText(text), block, 'SHA512');

function refuses(file: string | Uint8Array, code: ErrorCode, line?: number): void {
  assert.throws(
    () => splitClearsigned(typeof file === 'string' ? bytes(file) : file, 'InRelease'),
    (error) => {
      assert.ok(error instanceof LockstepError, String(error));
      assert.equal(error.code, code);
      if (line !== undefined) assert.equal(error.where[0]?.line, line);
      return true;
    },
  );
}

describe('a clearsigned file', () => {
  it('has its text between the header and the signature', () => {
    assert.equal(
      signed('Origin: x\n'),
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nOrigin: x\n${block}`,
    );
  });

  it('escapes lines that begin with a dash', () => {
    const text = '- one\n-----BEGIN PGP SIGNATURE-----\n--\n';
    assert.match(signed(text), /\n- - one\n- -----BEGIN PGP SIGNATURE-----\n- --\n/);
    assert.equal(splitClearsigned(bytes(signed(text))).text, text);
  });

  it('gives back exactly the text that any text became when it was signed', () => {
    const line = fc.stringMatching(/^[- \ta-cé:\r\u2028\u0085]{0,8}$/);
    fc.assert(
      fc.property(fc.array(line), fc.boolean(), (lines, ended) => {
        const text = lines.join('\n') + (ended ? '\n' : '');
        const parts = splitClearsigned(bytes(signed(text)));
        assert.equal(parts.text, signableText(text));
        assert.deepEqual(parts.canonical, canonicalBytes(signableText(text)));
      }),
    );
  });

  it('carries no trailing blanks, for they are not signed', () => {
    assert.equal(signableText('a \t\nb\r\n c'), 'a\nb\n c\n');
    const file = signed('a\nb\n').replace('a\n', 'a \t \n').replace('b\n', 'b\r\n');
    assert.equal(splitClearsigned(bytes(file)).text, 'a\nb\n');
  });

  it('keeps empty lines at the end of the text', () => {
    assert.equal(signableText('a\n\n'), 'a\n\n');
    assert.equal(splitClearsigned(bytes(signed('a\n\n'))).text, 'a\n\n');
    assert.equal(Buffer.from(canonicalBytes('a\n\n')).toString(), 'a\r\n');
  });

  it('may have CR LF line ends throughout, and several Hash headers', () => {
    const file = signed('a\nb\n').replace('Hash: SHA512', 'Hash: SHA256,SHA512\nHash: SHA1');
    const parts = splitClearsigned(bytes(file.replaceAll('\n', '\r\n')));
    assert.equal(parts.text, 'a\nb\n');
    assert.equal(parts.signature, block);
  });
});

describe('what is not signed', () => {
  const good = signed('Origin: x\nSuite: y\n');

  it('is refused as a whole file', () => {
    refuses('Origin: x\n', 'VERIFY_NO_SIGNATURE');
    refuses('', 'VERIFY_NO_SIGNATURE');
  });

  it('is refused before the block', () => {
    refuses(`Origin: evil\n\n${good}`, 'VERIFY_MALFORMED', 1);
    refuses(`\n${good}`, 'VERIFY_MALFORMED', 1);
  });

  it('is refused after the block, but for empty lines', () => {
    refuses(`${good}Origin: evil\n`, 'VERIFY_MALFORMED', 11);
    refuses(`${good}\n \n`, 'VERIFY_MALFORMED', 12);
    assert.equal(splitClearsigned(bytes(`${good}\n\r\n`)).text, 'Origin: x\nSuite: y\n');
  });

  it('is refused as a second block', () => {
    refuses(good + good, 'VERIFY_MALFORMED', 11);
    refuses(good + block, 'VERIFY_MALFORMED', 11);
  });

  it('is refused as a header', () => {
    for (const header of ['Origin: evil', 'Comment: x', 'Hash : SHA512', 'Hash: SHA512 x', ' Hash: SHA512']) {
      refuses(good.replace('Hash: SHA512', header), 'VERIFY_MALFORMED', 2);
    }
  });

  it('is refused where an empty line only looks empty', () => {
    // Some readers take such a line for the end of the headers, others for text
    for (const blank of [' ', '\t', '\u00a0', '\f']) {
      refuses(good.replace('SHA512\n\n', `SHA512\n${blank}\n`), 'VERIFY_MALFORMED', 3);
    }
  });

  it('is refused behind a first line that is not quite it', () => {
    const second = good.slice(good.indexOf('\n'));
    refuses(`-----BEGIN PGP SIGNED MESSAGE----- ${second}`, 'VERIFY_NO_SIGNATURE');
    refuses(`-----BEGIN PGP SIGNED MESSAGE-----x${second}`, 'VERIFY_NO_SIGNATURE');
    refuses(`\ufeff${good}`, 'VERIFY_NO_SIGNATURE');
  });

  it('is refused as an unescaped dash in the text', () => {
    refuses(good.replace('Suite: y', '-Suite: y'), 'VERIFY_MALFORMED', 5);
    refuses(good.replace('Suite: y', '-----BEGIN PGP SIGNED MESSAGE-----'), 'VERIFY_MALFORMED', 5);
    refuses(good.replace('Suite: y', '-----BEGIN PGP SIGNATURE----- '), 'VERIFY_MALFORMED', 5);
  });

  it('is refused inside of the signature', () => {
    refuses(good.replace('=W/Bj', '-----BEGIN PGP SIGNATURE-----'), 'VERIFY_MALFORMED');
  });

  it('is refused as a NUL or as bytes that are not UTF-8', () => {
    refuses(good.replace('Suite: y', 'Suite: \0y'), 'VERIFY_MALFORMED', 5);
    refuses(Buffer.concat([bytes(good), Buffer.from([0xff, 0x0a])]), 'VERIFY_MALFORMED');
  });

  it('is never given out, wherever a file is cut or a line is put in', () => {
    const lines = good.split('\n');
    const intruder = fc.constantFrom(
      'Origin: evil',
      '',
      ' ',
      '-----BEGIN PGP SIGNED MESSAGE-----',
      '- x',
      '-',
    );
    fc.assert(
      fc.property(fc.nat(lines.length), intruder, (at, line) => {
        const changed = [...lines.slice(0, at), line, ...lines.slice(at)].join('\n');
        try {
          const parts = splitClearsigned(bytes(changed));
          assert.deepEqual(parts.canonical, canonicalBytes(parts.text));
          // Either a signature over the original text fails, or the original text is what is given out
          const same = Buffer.from(parts.canonical).equals(canonicalBytes('Origin: x\nSuite: y\n'));
          assert.equal(parts.text === 'Origin: x\nSuite: y\n', same);
        } catch (error) {
          assert.ok(error instanceof LockstepError, String(error));
        }
      }),
    );
  });

  it('is refused when the file is cut off', () => {
    for (let end = 0; end < good.length - 1; end += 1) {
      assert.throws(() => splitClearsigned(bytes(good.slice(0, end))), LockstepError);
    }
  });
});
