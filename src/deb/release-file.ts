/**
 * Release files of an archive's suites (the form is apt's; Debian wiki,
 * RepositoryFormat): what a suite is and the hashes of its indices. Whether
 * it was signed, and by whom, is known before it comes here.
 */
import { formatDebianDate, parseDebianDate } from './changelog.js';
import { FieldFaults, formatStanza, parseStanza, type Stanza } from './stanza.js';
import { pathOf } from './member-name.js';

/** What a Release says of an index. */
export interface IndexHash {
  /** Bytes. */
  readonly size: number;
  /** Lower case hex. */
  readonly sha256: string;
}

export interface Release {
  /** Every field as it was. */
  readonly fields: Stanza;
  readonly suite: string | null;
  readonly codename: string | null;
  /** Seconds. */
  readonly date: number;
  /** Seconds, or null where it never expires. */
  readonly validUntil: number | null;
  readonly architectures: string[];
  /** Archive areas: the field Components (`main`), without a suite's own prefix (`updates/main`). */
  readonly areas: string[];
  readonly acquireByHash: boolean;
  /** By path below the suite's folder: `main/binary-amd64/Packages.xz`. */
  readonly sha256: ReadonlyMap<string, IndexHash>;
}

/**
 * Reads the text of a Release, or the signed text of an InRelease. Text in
 * armour is refused: whoever verifies it hands on what was signed.
 * @throws LockstepError DEB_SYNTAX every fault at once, DEB_UNSAFE_NAME
 */
export function parseRelease(text: string, file?: string): Release {
  const fields = parseStanza(text, { file });
  const faults = new FieldFaults(fields, file ?? 'A Release file');
  const dateOf = (name: string): number | null => {
    const value = fields.get(name);
    if (value === undefined) return null;
    const date = parseDebianDate(value);
    if (date === null) faults.add(name, `${name}: ${JSON.stringify(value)} is not a date`);
    return date;
  };
  const date = dateOf('Date');
  if (!fields.has('Date')) faults.add('Date', 'the field Date is missing');
  const validUntil = dateOf('Valid-Until');
  const sha256 = new Map<string, IndexHash>();
  if (!fields.has('SHA256')) {
    faults.add('SHA256', 'the field SHA256 is missing; weaker hashes are not trusted');
  }
  for (const line of fields.lines('SHA256')) {
    const match = /^([0-9a-f]{64})\s+([0-9]{1,15})\s+(\S+)$/.exec(line);
    if (match === null) {
      faults.add('SHA256', `${JSON.stringify(line.slice(0, 120))} is not "sha256 size path"`);
      continue;
    }
    const path = pathOf(match[3]!, file);
    const index: IndexHash = { sha256: match[1]!, size: Number(match[2]) };
    const before = sha256.get(path);
    if (before !== undefined && (before.sha256 !== index.sha256 || before.size !== index.size)) {
      faults.add('SHA256', `${path} is listed with two hashes`);
    }
    sha256.set(path, index);
  }
  faults.throwAny();
  return {
    fields,
    suite: fields.get('Suite') ?? null,
    codename: fields.get('Codename') ?? null,
    date: date!,
    validUntil,
    architectures: words(fields.get('Architectures')),
    areas: words(fields.get('Components')).map((area) => area.slice(area.lastIndexOf('/') + 1)),
    acquireByHash: fields.get('Acquire-By-Hash')?.toLowerCase() === 'yes',
    sha256,
  };
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '');
}

/** What a Release is written from. */
export interface ReleaseSpec {
  /** Origin, Label, Suite, Codename, ... in the order written; Date, Valid-Until and SHA256 come after. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** Seconds. */
  readonly date: number;
  /** Seconds; never expires when not given. */
  readonly validUntil?: number | undefined;
  /** By path below the suite's folder; written sorted. */
  readonly sha256: ReadonlyMap<string, IndexHash>;
}

/**
 * Writes a Release. The same spec gives the same bytes.
 * @throws LockstepError DEB_UNSAFE_NAME, DEB_SYNTAX
 */
export function formatRelease(spec: ReleaseSpec): string {
  const paths = [...spec.sha256.keys()].sort();
  for (const path of paths) pathOf(path);
  const list = paths.map((path) => {
    const { sha256, size } = spec.sha256.get(path)!;
    return `\n${sha256} ${String(size).padStart(16)} ${path}`;
  });
  return formatStanza({
    ...spec.fields,
    Date: formatDebianDate(spec.date, 'UTC'),
    'Valid-Until': spec.validUntil === undefined ? undefined : formatDebianDate(spec.validUntil, 'UTC'),
    SHA256: list.join(''),
  });
}
