/**
 * Parses git's objects: commits, annotated tags and trees. Their bytes are untrusted. Pure. object-reader.ts checks
 * that an object has the requested id.
 */
import { createHash, type Hash } from 'node:crypto';
import { pathFault, shownName } from '../../deb/member-name.js';
import { LockstepError } from '../../errors.js';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

/** Lower-case hex, 40 digits. */
export type ObjectId = string;

const idSpec = /^[0-9a-f]{40}$/;

/** Whether a text is an object's id. */
export function isObjectId(text: string | undefined): text is ObjectId {
  return text !== undefined && idSpec.test(text);
}

/** The hash for an object's id, after its header. The caller adds the body. */
export function idHash(type: ObjectType, size: number): Hash {
  return createHash('sha1').update(`${type} ${size}\0`);
}

/** An object's id. */
export function idOf(type: ObjectType, body: Uint8Array): ObjectId {
  return idHash(type, body.length).update(body).digest('hex');
}

/** The fault that a repository has invalid content. */
export function damagedObject(what: string, why: string, cause?: unknown): LockstepError {
  return new LockstepError('SOURCE_GIT_DAMAGED', {
    message: `${what} cannot be used: ${why}`,
    hint: 'Nothing of it was kept. Run the command again; if it stays so, tell the owner of the repository (git fsck)',
    cause,
  });
}

/** The headers of a commit or tag by name, each with its continuation lines (lines that begin with a space). */
export interface Headers {
  all: readonly { name: string; value: string; from: number; to: number }[];
  /** Offset of the message. */
  end: number;
}

/** Parses headers from bytes that were decoded as latin1, so that offsets are offsets in the bytes. */
function headersOf(text: string): Headers {
  const all: { name: string; value: string; from: number; to: number }[] = [];
  let at = 0;
  while (at < text.length && text[at] !== '\n') {
    let end = lineEnd(text, at);
    while (text[end] === ' ') end = lineEnd(text, end);
    const line = text.slice(at, text[end - 1] === '\n' ? end - 1 : end);
    const space = line.indexOf(' ');
    const name = space < 0 ? line : line.slice(0, space);
    const value = space < 0 ? '' : line.slice(space + 1).replaceAll('\n ', '\n');
    all.push({ name, value, from: at, to: end });
    at = end;
  }
  return { all, end: at };
}

/** The offset after the line that begins at `at`. */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

export interface Commit {
  tree: ObjectId;
  /** Seconds since 1970. */
  committedAt: number;
  signature: Signature | null;
}

/** The signed bytes, and the signature. */
export interface Signature {
  payload: Buffer;
  armored: string;
}

/** @throws LockstepError SOURCE_GIT_DAMAGED */
export function parseCommit(body: Buffer, id: ObjectId): Commit {
  const text = body.toString('latin1');
  const { all } = headersOf(text);
  const one = (name: string): string | undefined => all.find((header) => header.name === name)?.value;
  const tree = one('tree');
  const committer = one('committer');
  if (all[0]?.name !== 'tree' || !isObjectId(tree) || committer === undefined) {
    throw damagedObject(`The commit ${id}`, 'it does not have the format of a commit');
  }
  const signatures = all.filter(({ name }) => name === 'gpgsig' || name === 'gpgsig-sha256');
  const [first] = signatures;
  const committedAt = secondsOf(committer);
  if (first === undefined) return { tree, committedAt, signature: null };
  if (signatures.length > 1) {
    throw damagedObject(`The commit ${id}`, 'it has more than one signature, which is ambiguous');
  }
  return {
    tree,
    committedAt,
    signature: {
      payload: Buffer.concat([body.subarray(0, first.from), body.subarray(first.to)]),
      armored: `${first.value.trimEnd()}\n`,
    },
  };
}

/** Seconds. Largest time that a tar header can hold. */
const latest = 8 ** 11 - 1;

/**
 * The time of an identity, as git takes it: the digits behind the last `>`; the time zone, which some programs wrote in
 * odd ways, does not count. A time before 1970, or one that cannot be read, is 1970: git shows it so, and files have no
 * earlier date.
 */
function secondsOf(identity: string): number {
  const digits = /^[ \t]*(\d+)/.exec(identity.slice(identity.lastIndexOf('>') + 1))?.[1];
  const seconds = Number(digits ?? 0);
  return seconds <= latest ? seconds : 0;
}

export interface Tag {
  object: ObjectId;
  type: string;
  /** The name inside the tag object, which the signature covers. */
  name: string;
  signature: Signature | null;
}

/** @throws LockstepError SOURCE_GIT_DAMAGED */
export function parseTag(body: Buffer, id: ObjectId): Tag {
  const text = body.toString('latin1');
  const { all, end } = headersOf(text);
  const [object, type, name] = all;
  if (
    object?.name !== 'object' ||
    !isObjectId(object.value) ||
    type?.name !== 'type' ||
    name?.name !== 'tag'
  ) {
    throw damagedObject(`The tag ${id}`, 'it does not have the format of an annotated tag');
  }
  // As git does: the signature begins at the last such line and goes to the end
  const begins = /^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----$/gm;
  const start = [...text.matchAll(begins)].map(({ index }) => index).findLast((index) => index >= end);
  return {
    object: object.value,
    type: type.value,
    name: Buffer.from(name.value, 'latin1').toString('utf8'),
    signature: start === undefined ? null : { payload: body.subarray(0, start), armored: text.slice(start) },
  };
}

export type EntryKind = 'file' | 'executable' | 'symlink' | 'dir' | 'submodule';

export interface TreeEntry {
  name: string;
  kind: EntryKind;
  id: ObjectId;
}

const kinds: Readonly<Record<string, EntryKind>> = {
  '100644': 'file',
  // Old versions of git wrote this mode for a file that its group may write
  '100664': 'file',
  '100755': 'executable',
  '120000': 'symlink',
  '40000': 'dir',
  '160000': 'submodule',
};

/**
 * The entries of a tree. It refuses names that could lead a checkout out of its folder.
 * @param folder path of the tree, for messages
 * @throws LockstepError SOURCE_GIT_DAMAGED, DEB_UNSAFE_NAME
 */
export function parseTree(body: Buffer, id: ObjectId, folder: string): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const seen = new Set<string>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const nul = space < 0 ? -1 : body.indexOf(0, space);
    if (nul < 0 || nul + 21 > body.length) throw damagedObject(`The tree ${id}`, 'it ends within an entry');
    const mode = body.toString('latin1', at, space).replace(/^0+/, '');
    const name = body.toString('utf8', space + 1, nul);
    const kind = kinds[mode];
    assertName(name, folder);
    if (kind === undefined) {
      throw damagedObject(
        `The tree ${id}`,
        `${shownName(name)} has the mode ${JSON.stringify(mode)}, which git does not use`,
      );
    }
    if (seen.has(name)) throw damagedObject(`The tree ${id}`, `it has ${shownName(name)} twice`);
    seen.add(name);
    entries.push({ name, kind, id: body.toString('hex', nul + 1, nul + 21) });
    at = nul + 21;
  }
  return entries;
}

/** Why it is unsafe to unpack a file with this name, or null. `name` is one component of a path. */
export function pathPartFault(name: string): string | null {
  if (name.includes('/')) return 'contains a slash';
  if (name === '.' || name === '..') return 'leaves its folder';
  // On some file systems, git(1) takes either name for its own folder
  if (/^(?:\.git|git~1)[. ]*$/i.test(name)) return 'is the name of git’s own folder';
  return pathFault(name);
}

function assertName(name: string, folder: string): void {
  const fault = pathPartFault(name);
  if (fault === null) return;
  const path = folder === '' ? name : `${folder}/${name}`;
  throw new LockstepError('DEB_UNSAFE_NAME', {
    message: `The name ${shownName(path)} in the tree ${fault}`,
    hint: 'Do not use this repository; tell its owner',
    where: [{ value: shownName(path) }],
  });
}
