/**
 * Reading JSON that strangers wrote: every fault with its field, and nothing
 * that is taken for what it is not. Keys are handed on as text in pairs, never
 * as the properties of an object: `__proto__` is a key like any other. Pure.
 */
import { counted } from '../counted.js';

/** What is wrong with a file, and where in it. */
export interface FieldFault {
  /** `requires.platform.php`; empty for the file as a whole. */
  field: string;
  /** What stands there, shortened; null where nothing does. */
  value: string | null;
  /** What is wrong, to be read after the name of the file or field: `is no constraint that Composer knows`. */
  message: string;
}

const longestShown = 120;
/** Of a name or a constraint; no real one comes near. */
const longestText = 500;

export function faultAt(field: string, value: unknown, message: string): FieldFault {
  const text = value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
  const shown = text?.replace(/\p{Cc}/gu, '\uFFFD');
  return {
    field: field.slice(0, longestShown),
    value:
      shown === undefined ? null : shown.length > longestShown ? `${shown.slice(0, longestShown)}...` : shown,
    message,
  };
}

/** Records a fault; of the field comes nothing. */
export function refuse(faults: FieldFault[], ...fault: Parameters<typeof faultAt>): [] {
  faults.push(faultAt(...fault));
  return [];
}

/** The parsed text, or why it is invalid. */
export function parseJson(text: string): { json: unknown } | FieldFault {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, longestShown) : '';
    return faultAt('', undefined, `is not JSON (${reason})`);
  }
}

/** Pairs of an object. PHP writes an empty one as `[]`, which is taken for that. */
export function entriesOf(
  value: unknown,
  field: string,
  faults: FieldFault[],
  most = Infinity,
): [key: string, value: unknown][] {
  if (Array.isArray(value) && value.length === 0) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(faults, field, value, 'is not a JSON object');
  }
  const entries = Object.entries(value);
  if (entries.length > most) {
    const many = counted(entries.length, 'entry', 'entries');
    return refuse(faults, field, undefined, `has ${many}, more than the limit`);
  }
  return entries;
}

/** A text of one line; null where there is none. */
export function textAt(value: unknown, field: string, faults: FieldFault[]): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') {
    faults.push(faultAt(field, value, 'is not a string'));
    return null;
  }
  if (value.length > longestText || /\p{Cc}/u.test(value.trim())) {
    faults.push(faultAt(field, value, 'is longer than one line of text'));
    return null;
  }
  return value.trim();
}
