/** Changes of bytes and texts by chance. Pure. */
import type { Random } from '../../fixtures/random.js';

/** What parsers stumble over: ends of numbers, of lines and of names, and what terminals and paths give a meaning. */
const tokens: readonly string[] = [
  ...[
    '',
    '\n',
    '\n\n',
    '\r\n',
    '\r',
    '\0',
    '\t',
    ' ',
    ':',
    ': ',
    ',',
    ' | ',
    '(',
    ')',
    '[',
    ']',
    '<',
    '>',
    '=',
    '"',
    "'",
  ],
  ...[
    '..',
    '../',
    '/',
    '//',
    './',
    '././',
    '-',
    '--',
    '~',
    '%2e%2e%2f',
    '\\',
    '`',
    '$(id)',
    '${x}',
    '{{x}}',
    '*',
    '?',
    '#',
  ],
  ...[
    '0',
    '-1',
    '1e308',
    '4294967296',
    '9007199254740993',
    '99999999999999999999',
    '0x10',
    '07777777',
    'NaN',
    'null',
    'true',
  ],
  ...[
    '{',
    '}',
    '{}',
    '[]',
    '[[[[[[[[[[',
    '&a',
    '*a',
    '!!js/function',
    '<<: *a',
    '- ',
    '|\n',
    '>-\n',
    '---\n',
    '...\n',
  ],
  ...['\u001b[2J', '\u009b1m', '\u202e', '\u2066', '\u2028', '\ufeff', '\ufffd', '\u{1f4a9}', 'é', '\u0301'],
  ...[
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    'Package: x',
    'Version: 1:0-0',
    'Depends: a | b (>= 1)',
  ],
  ...['-----BEGIN PGP SIGNED MESSAGE-----\n', '-----BEGIN PGP SIGNATURE-----\n', '- -----', 'Hash: SHA256\n'],
];

/** Mostly one: what has many is refused for the first of them. */
function editsBy(random: Random): number {
  return 1 + (random.chance(3) ? random.below(8) : 0);
}

/** Some edits of some bytes: bits, runs of them, pieces that move, come twice, go, or come from elsewhere. */
export function mutatedBytes(from: Uint8Array, random: Random, others: readonly Uint8Array[] = []): Buffer {
  let bytes = Buffer.from(from);
  for (let edits = editsBy(random); edits > 0; edits--) {
    const at = random.below(bytes.length + 1);
    const length = random.below(Math.min(bytes.length - at, random.chance(8) ? 4096 : 16) + 1);
    const [before, piece, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ];
    switch (random.below(8)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        piece.fill(random.of([0, 0x20, 0x2f, 0x30, 0x37, 0x80, 0xff]));
        break;
      case 2:
        bytes = Buffer.concat([before, after]);
        break;
      case 3:
        bytes = Buffer.concat([before, piece, piece, after]);
        break;
      case 4:
        bytes = Buffer.from(before);
        break;
      case 5:
        bytes = Buffer.concat([before, Buffer.from(random.of(tokens)), after]);
        break;
      case 6: {
        const other = others.length === 0 ? bytes : random.of(others);
        const start = random.below(other.length);
        bytes = Buffer.concat([before, other.subarray(start, start + 1 + random.below(512)), after]);
        break;
      }
      default:
        for (let index = 0; index < piece.length; index++) piece[index] = random.below(256);
    }
  }
  return bytes;
}

/** Some edits of a text: lines that come twice, go or move, and tokens between and in place of others. */
export function mutatedText(from: string, random: Random): string {
  let text = from;
  for (let edits = editsBy(random); edits > 0; edits--) {
    const lines = text.split('\n');
    const line = random.below(lines.length);
    switch (random.below(8)) {
      case 0:
        lines.splice(line, 1);
        text = lines.join('\n');
        break;
      case 1:
        lines.splice(random.below(lines.length), 0, lines[line]!);
        text = lines.join('\n');
        break;
      case 2: {
        const word = random.of(tokens);
        lines[line] = random.chance(20) ? word.repeat(1 + random.below(20_000)) : word;
        text = lines.join('\n');
        break;
      }
      case 3:
        text = text.slice(0, random.below(text.length + 1));
        break;
      case 4: {
        const words = [...text.matchAll(/[\w.+~:-]+/g)];
        if (words.length === 0) break;
        const { 0: word, index } = random.of(words);
        const put = random.chance(3) ? random.of(words)[0] : random.of(tokens);
        text = text.slice(0, index) + put + text.slice(index + word.length);
        break;
      }
      case 5: {
        // The value of a field
        const [name = ''] = /^[^:]*:? ?/.exec(lines[line]!) ?? [];
        lines[line] = name + random.of(tokens);
        text = lines.join('\n');
        break;
      }
      case 6:
        lines.push(lines.splice(line, 1)[0]!);
        text = lines.join('\n');
        break;
      default: {
        const at = random.below(text.length + 1);
        text = text.slice(0, at) + random.of(tokens) + text.slice(at);
      }
    }
    if (text.length > 4_000_000) return text.slice(0, 4_000_000);
  }
  return text;
}
