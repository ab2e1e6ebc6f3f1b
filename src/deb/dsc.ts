/**
 * Descriptions of files that belong together: source packages (.dsc,
 * Policy 5.4), uploads (.changes, 5.5) and paragraphs of Sources. Only
 * SHA-256 is trusted; signatures are checked elsewhere.
 */
import { LockstepError } from '../errors.js';
import { FieldFaults, formatStanza, parseStanza, withoutArmour, type Stanza } from './stanza.js';
import { assertSafeFileName, isPackageName } from './member-name.js';
import { isValidVersion } from './version.js';
import { sha256Pattern } from './checksum.js';

/** A file that is named with its size (bytes) and SHA-256 (lower case hex). */
export interface SourceFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** A listed file as we write it: dpkg-source still demands the MD5 in `Files`. */
export interface WrittenFile extends SourceFile {
  readonly md5: string;
}

/** A source package. */
export interface Dsc {
  readonly source: string;
  readonly version: string;
  readonly binaries: string[];
  /** As written: `any all`. */
  readonly architecture: string;
  readonly files: SourceFile[];
  /** The paragraph without its armour. */
  readonly stanza: Stanza;
}

/** An upload: what a build made. */
export interface Changes extends Dsc {
  readonly distribution: string;
}

const md5Spec = /^[0-9a-f]{32}$/;
const sha1Spec = /^[0-9a-f]{40}$/;

/**
 * Reads a .dsc, clearsigned or not (nothing is verified).
 * @throws LockstepError DEB_SYNTAX (no Checksums-Sha256, contradicting lists), DEB_UNSAFE_NAME
 */
export function parseDsc(text: string, file?: string): Dsc {
  const stanza = parseStanza(withoutArmour(text, file), { file });
  return described(stanza, file);
}

/** Reads a .changes, clearsigned or not (nothing is verified). @throws LockstepError DEB_SYNTAX, DEB_UNSAFE_NAME */
export function parseChanges(text: string, file?: string): Changes {
  const stanza = parseStanza(withoutArmour(text, file), { file });
  return { ...described(stanza, file), distribution: stanza.require('Distribution') };
}

function described(stanza: Stanza, file: string | undefined): Dsc {
  // .changes of binary-only builds have `Source: name (version)`
  const source = stanza.require('Source').split(/\s/)[0]!;
  const version = stanza.require('Version');
  const faults = new FieldFaults(stanza, file ?? 'A source description');
  if (!isPackageName(source)) faults.add('Source', `${JSON.stringify(source)} is not a package name`);
  if (!isValidVersion(version)) faults.add('Version', `${JSON.stringify(version)} is not a Debian version`);
  faults.throwAny();
  return {
    source,
    version,
    binaries: (stanza.get('Binary') ?? '').split(/[\s,]+/).filter((name) => name !== ''),
    architecture: stanza.get('Architecture') ?? '',
    files: listedFiles(stanza),
    stanza,
  };
}

/**
 * The files of a paragraph: in Sources those of its source package, the .dsc among them.
 * @throws LockstepError DEB_SYNTAX, DEB_UNSAFE_NAME
 */
export function listedFiles(stanza: Stanza): SourceFile[] {
  const field = 'Checksums-Sha256';
  const faults = new FieldFaults(stanza, stanza.file ?? 'A source description');
  if (!stanza.has(field)) faults.add(field, 'it has no Checksums-Sha256; weaker hashes are not trusted');
  faults.throwAny();
  const files = new Map<string, SourceFile>();
  for (const line of stanza.lines(field)) {
    const [sha256, size, name, ...rest] = line.split(/\s+/);
    if (sha256 === undefined || size === undefined || name === undefined || rest.length > 0) {
      faults.add(field, `${JSON.stringify(line)} is not "sha256 size name"`);
    } else if (!sha256Pattern.test(sha256) || !/^[0-9]{1,15}$/.test(size)) {
      faults.add(field, `the hash or size of ${JSON.stringify(name)} is invalid`);
    } else if (files.has(name)) {
      faults.add(field, `${JSON.stringify(name)} is listed twice`);
    } else {
      assertSafeFileName(name, stanza.file);
      files.set(name, { name, size: Number(size), sha256 });
    }
  }
  // dpkg-source unpacks what `Files` names: a file there without a SHA-256 would come in unproven
  for (const line of stanza.lines('Files')) {
    const words = line.split(/\s+/);
    const name = words.at(-1) ?? '';
    if (!files.has(name)) faults.add('Files', `${JSON.stringify(name)} has no SHA-256`);
    else if (words[1] !== String(files.get(name)?.size)) {
      faults.add('Files', `${JSON.stringify(name)} is listed with two sizes`);
    }
  }
  if (files.size === 0 && faults.places.length === 0) faults.add(field, 'it lists no files');
  faults.throwAny();
  return [...files.values()];
}

/** A file with all hashes that a .dsc has of it. */
export interface HashedFile extends WrittenFile {
  readonly sha1: string;
}

/** Fields of a source package except its files, in the order in which they are written. */
export interface DscSpec {
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly files: readonly HashedFile[];
}

/**
 * Writes a .dsc: `Format: 3.0 (quilt)` unless the fields say otherwise, then the fields, then Checksums-Sha1
 * (which Policy 5.6.24 requires and nobody trusts), Checksums-Sha256 and Files.
 * @throws LockstepError DEB_INVALID when a field dpkg-source needs is missing, DEB_UNSAFE_NAME
 */
export function formatDsc(spec: DscSpec): string {
  const missing = ['Source', 'Version', 'Maintainer', 'Binary', 'Architecture'].filter(
    (name) => (spec.fields[name] ?? '') === '',
  );
  if (missing.length > 0) {
    throw new LockstepError('DEB_INVALID', { message: `A .dsc needs the fields ${missing.join(', ')}` });
  }
  const weak = spec.files.map(({ name, size, sha1 }) => {
    if (!sha1Spec.test(sha1))
      throw new LockstepError('DEB_INVALID', { message: `The SHA-1 of ${name} is invalid` });
    return `\n${sha1} ${size} ${name}`;
  });
  return formatStanza({
    ...{ Format: '3.0 (quilt)', ...spec.fields, 'Checksums-Sha1': weak.join('') },
    ...checksumFields(spec.files),
  });
}

/** The two list fields that name files, as formatStanza takes them. @throws LockstepError DEB_INVALID, DEB_UNSAFE_NAME */
export function checksumFields(files: readonly WrittenFile[]): { 'Checksums-Sha256': string; Files: string } {
  for (const file of files) {
    assertSafeFileName(file.name);
    if (!sha256Pattern.test(file.sha256) || !md5Spec.test(file.md5) || !Number.isSafeInteger(file.size)) {
      throw new LockstepError('DEB_INVALID', {
        message: `The hashes or the size of ${file.name} are invalid`,
      });
    }
  }
  return {
    'Checksums-Sha256': files.map((file) => `\n${file.sha256} ${file.size} ${file.name}`).join(''),
    Files: files.map((file) => `\n${file.md5} ${file.size} ${file.name}`).join(''),
  };
}

/**
 * The paragraph of a source package in a Sources index: `Package` for
 * `Source`, the .dsc itself among the files, then `extra` (Directory,
 * Priority, Section). Other checksum lists of the .dsc are dropped.
 * @throws LockstepError DEB_SYNTAX, DEB_UNSAFE_NAME
 */
export function sourcesStanza(
  dsc: Dsc,
  dscFile: WrittenFile,
  extra: Readonly<Record<string, string | undefined>> = {},
): string {
  const md5s = new Map(
    dsc.stanza.lines('Files').map((line) => {
      const words = line.split(/\s+/);
      return [words.at(-1) ?? '', words[0] ?? ''];
    }),
  );
  const files = [dscFile, ...dsc.files.map((file) => ({ ...file, md5: md5s.get(file.name) ?? '' }))];
  const dropped = new Set(['source', 'checksums-sha1', 'checksums-sha256', 'checksums-sha512', 'files']);
  const kept = dsc.stanza
    .fields()
    .filter((field) => !dropped.has(field.name.toLowerCase()))
    .map((field) => [field.name, dsc.stanza.unfolded(field.name)] as const);
  return formatStanza({
    Package: dsc.source,
    ...Object.fromEntries(kept),
    ...checksumFields(files),
    ...extra,
  });
}
