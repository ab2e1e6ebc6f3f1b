/**
 * Checks one view, live or frozen, as a client that trusts nothing: Release files, dates, the suite and
 * snapshot that they name, indices, and other files in its folder. It only reads and reports faults.
 */
import { aptMaxFutureSeconds } from '../deb/apt-limits.js';
import type { Release } from '../deb/release-file.js';
import { isTemporaryName } from '../io/disk.js';
import { byHashPath, frozenView, liveView } from './layout.js';
import type { PortFile } from './port.js';
import { listedIn, snapshotField } from './release.js';
import { archiveFault, type ArchiveFinding } from './remedy.js';
import type { Taken } from '../signing/verifier.js';
import { viewEnd } from './validity.js';
import { readSignedView, type SignedView } from './signed-view.js';
import { storedIndices, verifyIndices, type CheckedIndices } from './verify-index.js';

/** Which view. `id` of a frozen one; of a live one what the suite's history says it points at, where that is known. */
export interface ViewName {
  suite: string;
  kind: 'live' | 'frozen';
  id: string | undefined;
  /** Whether it must be there. A publication that was undone leaves files that no Release lists. */
  due: boolean;
}

export interface ViewRequest extends Pick<
  CheckedIndices,
  'port' | 'expected' | 'onUnknown' | 'onRead' | 'copies' | 'signal'
> {
  name: ViewName;
  trust: { keyring: Uint8Array; taken: Taken };
  /** Our clock. */
  now: Date;
}

/** What was found, and what the other checks need. */
export interface ViewReading {
  signed: SignedView;
  findings: ArchiveFinding[];
}

export function folderOf({ kind, suite, id }: Pick<ViewName, 'kind' | 'suite' | 'id'>): string {
  return kind === 'live' ? liveView(suite) : frozenView(suite, id ?? '');
}

/** @throws LockstepError DISK_IO, INTERRUPTED, TOOL_MISSING, KEYRING_INVALID */
export async function verifyView(request: ViewRequest): Promise<ViewReading> {
  const { port, name, trust } = request;
  const view = folderOf(name);
  const signed = await readSignedView(port, view, trust);
  const findings = [...signed.findings];
  if (!signed.there && !name.due) {
    return { signed, findings: await strangers(request, view, null) };
  }
  if (!signed.there) {
    const message = `The ${name.kind} view of ${name.suite} is missing: it has no Release file`;
    const hint = `lockstep verify --repair recreates it if the snapshot ${name.id ?? ''} is complete`;
    findings.push(archiveFault('missing', `${view}/InRelease`, message, hint, { kind: 'release', view }));
  }
  const { release } = signed;
  if (release === null) return { signed, findings };
  findings.push(...releaseFaults(release, signed.keyEnds, request));
  const listed = listedIn(release);
  findings.push(...(await verifyIndices({ ...request, view, release, listed })));
  findings.push(...(await strangers(request, view, release)));
  return { signed, findings };
}

function releaseFaults(
  release: Release,
  keyEnds: Date | null | undefined,
  request: ViewRequest,
): ArchiveFinding[] {
  const { name } = request;
  const findings: ArchiveFinding[] = [];
  const view = folderOf(name);
  const path = `${view}/InRelease`;
  const find = (kind: 'expired' | 'contradiction', message: string, hint: string, repairs: boolean): void => {
    findings.push(archiveFault(kind, path, message, hint, repairs ? { kind: 'release', view } : undefined));
  };
  const again = `Publish the right snapshot there: lockstep publish ${name.id ?? 'ID'} ${name.suite}`;
  const now = request.now.getTime() / 1000;
  if (release.suite !== name.suite) {
    find('contradiction', `It belongs to the suite ${release.suite ?? 'without a name'}`, again, false);
  }
  const current = release.fields.get(snapshotField);
  if (name.id !== undefined && current !== name.id) {
    const told =
      name.kind === 'live' ? `its history says it points at ${name.id}` : `it belongs to ${name.id}`;
    find('contradiction', `It points at ${current ?? 'no snapshot'}, but ${told}`, again, false);
  }
  const listed = listedIn(release);
  if (name.kind === 'frozen' && (listed.length !== 1 || listed[0] !== name.id)) {
    const message = `It lists ${listed.join(' ') || 'no snapshot'} instead of only ${name.id}`;
    find('contradiction', message, again, false);
  }
  const end = viewEnd(release, keyEnds);
  const over = end.at !== null && end.at <= now ? new Date(end.at * 1000).toISOString() : null;
  if (over !== null && end.by === 'key') {
    const hint = `apt refuses it (EXPKEYSIG). Extend the key or change to another key, then run: lockstep refresh ${name.suite}`;
    find('expired', `The key that signed it expired at ${over}`, hint, false);
  } else if (over !== null) {
    const hint = `apt refuses it. Sign it again with: lockstep refresh ${name.suite}`;
    find('expired', `It expired at ${over}`, hint, true);
  }
  if (release.date > now + aptMaxFutureSeconds) {
    const date = new Date(release.date * 1000).toISOString();
    const hint =
      'apt refuses it until then. Correct the clock of this machine. The next Release will be dated later than this one';
    find('contradiction', `Its date is in the future: ${date}`, hint, false);
  }
  return findings;
}

/** Files in the view's folder that its Release does not know. */
async function strangers(
  { port, signal, onRead }: ViewRequest,
  view: string,
  release: Release | null,
): Promise<ArchiveFinding[]> {
  const stored = release === null ? [] : storedIndices(release);
  const known = new Set(
    ['InRelease', 'Release', 'Release.gpg', ...stored.map(([path]) => path)].map((name) => `${view}/${name}`),
  );
  const current = new Set(stored.map(([path, { sha256 }]) => byHashPath(view, path, sha256)));
  const findings: ArchiveFinding[] = [];
  const files = await port.list(view, { signal });
  const earlier = new Set(files.flatMap(({ path }) => hashInName(path) ?? []));
  for (const file of files) {
    if (known.has(file.path) && file.kind === 'file') continue;
    const named = hashInName(file.path);
    if (file.kind === 'file' && current.has(file.path)) continue;
    if (isTemporaryName(file.path)) {
      findings.push(leftOver(file));
      continue;
    }
    // Earlier generations stay for clients that read the InRelease before: their names tell what they are
    // (docs/explanation/architecture.md, law 7)
    const digest =
      file.kind === 'file' && (named !== undefined || isIndexName(file.path))
        ? await port.digest(file.path, { signal })
        : undefined;
    onRead(digest?.size ?? 0);
    if (named !== undefined && digest?.sha256 === named) continue;
    if (named === undefined && digest !== undefined && earlier.has(digest.sha256)) continue;
    // An uncompressed index need not exist; if it exists, it must match
    if (
      digest !== undefined &&
      release?.sha256.get(file.path.slice(view.length + 1))?.sha256 === digest.sha256
    ) {
      continue;
    }
    findings.push(named !== undefined && digest !== undefined ? spoiled(file, named) : foreign(file));
  }
  return findings;
}

/** The hash of a by-hash file by its name. */
export function hashInName(path: string): string | undefined {
  return /\/by-hash\/SHA256\/([0-9a-f]{64})$/.exec(path)?.[1];
}

/** Whether it may be an index under its name, of an architecture that was given up, say. */
export function isIndexName(path: string): boolean {
  return /\/(?:Packages|Sources|Contents-[^/]+)(?:\.(?:gz|xz))?$/.test(path);
}

function spoiled({ path, size }: PortFile, sha256: string): ArchiveFinding {
  const message = 'It is an index of an earlier generation, but its SHA-256 does not match its name';
  const hint = 'No Release lists it now. Remove it, or restore it with: lockstep verify --repair';
  return archiveFault('damaged', path, message, hint, { kind: 'by-hash', path, size, sha256, copies: [] });
}

/** Of a file that belongs to nothing. */
export function foreign({ path, kind }: Pick<PortFile, 'path' | 'kind'>): ArchiveFinding {
  const message =
    kind === 'file'
      ? 'No Release and no snapshot refers to it'
      : `It is ${kind === 'alias' ? 'a symbolic link' : 'not a regular file, and one'} that Lockstep did not create`;
  const hint = 'Find out who put it there, then remove it. Lockstep does not remove it';
  return archiveFault('foreign', path, message, hint);
}

/** For incomplete files of a killed run. */
export function leftOver({ path }: Pick<PortFile, 'path'>): ArchiveFinding {
  const message = 'A run that was killed left it incomplete; no client requests it';
  return archiveFault('unfinished', path, message, 'lockstep gc removes it when no other run is active');
}
