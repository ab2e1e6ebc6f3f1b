/** Arbitrary values of Debian's formats, for property tests. */
import fc from 'fast-check';

const upstreamPart = fc
  .array(fc.constantFrom('0', '1', '9', '10', '007', 'a', 'b', 'Z', 'rc', '.', '+', '~', '~~', '-', '.0'), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));
const revisionPart = fc
  .array(fc.constantFrom('0', '1', '2', '12', 'a', 'deb', 'u', '+', '~', '.'), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

/** Valid versions out of few building blocks, so that two of them are often close. */
export const versionText = fc
  .tuple(
    fc.constantFrom('', '', '0:', '1:', '12:'),
    fc.constantFrom('0', '1', '10', '2'),
    upstreamPart,
    fc.option(revisionPart, { nil: null }),
  )
  // An upstream part with a hyphen needs a revision after it
  .map(([epoch, first, rest, revision]) =>
    revision === null && rest.includes('-')
      ? `${epoch}${first}${rest}-1`
      : `${epoch}${first}${rest}${revision === null ? '' : `-${revision}`}`,
  );

export const packageName = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,12}$/);

/** A path below the root: ASCII, other scripts, blanks, long parts. */
export const memberPathText = fc
  .array(
    fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9_.+~ -]{1,20}$/),
      fc.constantFrom('ö', 'データ', 'x'.repeat(90), 'y'.repeat(130), '@', '-rf', '$(x)', '\\n'),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .filter((parts) => parts.every((part) => part !== '.' && part !== '..'))
  .map((parts) => parts.join('/'));

/** Bytes in chunks of any size, as streams deliver them. */
export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

/** Everything that comes, as one buffer. */
export async function gathered(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
