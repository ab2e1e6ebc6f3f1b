/**
 * The entries of packages in a manifest as nearly all of them are, told at a
 * glance: there may be 100,000, and the schema takes a hundred times as long.
 * It may say no of a good one, which the schema then looks at; never yes of one
 * that the schema refuses (a test holds them together).
 */
import { isOneParagraph } from '../deb/one-paragraph.js';
import { sha256Pattern } from '../deb/checksum.js';

const packageName = /^[a-z0-9][a-z0-9+.-]+$/;
/** A part of deb-version(7): no colon but the epoch's. */
const version = /^(?:[0-9]{1,9}:)?[0-9][A-Za-z0-9.+~]*(?:-[A-Za-z0-9.+~]+)*$/;
const architecture = /^[a-z0-9][a-z0-9-]*$/;
const area = /^[a-z0-9][a-z0-9.+-]*$/;
const poolPath = /^pool(?:\/[A-Za-z0-9][A-Za-z0-9+.~_:%-]*)+$/;

/** Whether an entry is good for certain. */
export function isPlainPackage(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null || Object.keys(entry).length !== 11) return false;
  const fields = entry as Record<string, unknown>;
  const { size, stanza } = fields;
  return (
    fits(fields['package'], packageName) &&
    fits(fields['version'], version) &&
    fits(fields['architecture'], architecture) &&
    typeof fields['component'] === 'string' &&
    fits(fields['source'], packageName) &&
    fits(fields['sourceVersion'], version) &&
    fits(fields['area'], area) &&
    fits(fields['path'], poolPath) &&
    fits(fields['sha256'], sha256Pattern) &&
    Number.isSafeInteger(size) &&
    (size as number) >= 0 &&
    typeof stanza === 'string' &&
    isOneParagraph(stanza)
  );
}

/** Of a length that no rule minds. */
function fits(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && value.length <= 1000 && form.test(value);
}
