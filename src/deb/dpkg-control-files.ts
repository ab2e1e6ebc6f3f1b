/**
 * Whether dpkg takes the other files of the control archive that it reads when it unpacks a package: `conffiles`
 * (src/main/unpack.c of dpkg 1.21) and `triggers` (lib/dpkg/triglib.c).
 */
import { memberNameFault, memberName, shownName, type MemberName } from './member-name.js';

/** Bytes of a line with its newline; dpkg's own buffers. */
const longestConffile = 997;
const longestTrigger = 255;

/** The lines of a file, each of which must end with a newline and have no NUL. */
function linesOf(text: string, longest: number): string[] | null {
  if (text.includes('\0')) return null;
  const lines = text.split('\n');
  // The last is what follows the last newline
  if (lines.pop() !== '') return null;
  return lines.every((line) => line.length < longest / 3 || Buffer.byteLength(line) < longest) ? lines : null;
}

const badLine = 'has a line that is too long, has a NUL or has no newline at its end';

/** What `conffiles` lists for removal, or why dpkg refuses it. */
export function readConffiles(text: string): { removed: MemberName[] } | { fault: string } {
  const lines = linesOf(text, longestConffile);
  if (lines === null) return { fault: badLine };
  const removed: MemberName[] = [];
  for (const raw of lines) {
    const line = raw.replace(/[ \t\v\f\r]+$/, '');
    if (line === '' || line.startsWith('/')) continue;
    const [, flag, path] = /^([^ ]*) (\/.*)$/.exec(line) ?? [];
    if (flag !== 'remove-on-upgrade' || path === undefined)
      return { fault: `has the line ${shownName(line)}, which is not an absolute path` };
    if (memberNameFault(path) === null) removed.push(memberName(path));
  }
  return { removed };
}

const directives = /^(interest|activate)(?:-await|-noawait)?$/;

/** Why dpkg refuses `triggers`, or null. */
export function triggersFault(text: string): string | null {
  const lines = linesOf(text, longestTrigger);
  if (lines === null) return badLine;
  for (const raw of lines) {
    const line = raw.replace(/^[ \t]+|[ \t]+$/g, '');
    if (line === '' || line.startsWith('#')) continue;
    const [directive = '', name = ''] = /^([^ \t]+)[ \t]*(.*)$/.exec(line)?.slice(1) ?? [];
    const kind = directives.exec(directive)?.[1];
    const isName = /^[!-~]+$/.test(name);
    // dpkg keeps an interest in a file named after the trigger
    const isKept = name.startsWith('/') || /^[A-Za-z0-9][A-Za-z0-9+.-]*$/.test(name);
    if (kind === undefined || !isName || (kind === 'interest' && !isKept))
      return `has the line ${shownName(line)}, which is not a trigger (deb-triggers(5))`;
  }
  return null;
}
