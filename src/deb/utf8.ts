/**
 * Bytes of control files as text. What is not UTF-8 is refused: decoded, it would turn into U+FFFD, and an index would
 * say something else than the package (Policy 5.1: control files are UTF-8).
 */
import { isUtf8 } from 'node:buffer';
import { LockstepError } from '../errors.js';

const newline = 0x0a;

/**
 * @param file for the message
 * @throws LockstepError DEB_SYNTAX with the line of the first such byte
 */
export function utf8Text(bytes: Buffer, file: string | undefined): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let line = 1;
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(newline, start);
    // A newline is never part of a longer character
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  const message = `line ${line} is not UTF-8`;
  throw new LockstepError('DEB_SYNTAX', {
    message: `${file ?? 'A control file'} cannot be used: ${message}`,
    hint: 'Policy 5.1 demands UTF-8. Convert the file with iconv, or tell its publisher',
    where: [{ file, line, message }],
  });
}

/** Whether {@link utf8Text} takes them. */
export { isUtf8 };
