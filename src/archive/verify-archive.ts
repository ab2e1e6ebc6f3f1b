/**
 * Checks the archive with only the archive's public key and the snapshots' manifests: every view, the pool,
 * the key files, and that there are no other files. It only reads and reports faults.
 */
import { setTimeout } from 'node:timers/promises';
import pLimit from 'p-limit';
import { parseStanzas } from '../deb/deb822.js';
import { isTemporaryName } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { firstLine } from '../snapshot/chained-lines.js';
import { isChangelog } from '../snapshot/pool-path.js';
import type { Taken } from '../signing/verifier.js';
import type { Finding } from '../snapshot/finding.js';
import type { SnapshotsReading } from '../suite/verify-records.js';
import type { ExpectedFiles } from './expected.js';
import type { PoolFile } from './index-text.js';
import { keyFiles, keyrings } from './key-file-data.js';
import type { KeyFilesRequest } from './key-files.js';
import { frozenPool, keyringFiles, liveView, poolFolder, sourcesFilePath } from './layout.js';
import { isWay, wayOf } from './pool-way.js';
import type { ArchivePort, PortFile } from './port.js';
import { historyIn } from './release.js';
import { readSignedView } from './signed-view.js';
import { archiveFault, type ArchiveFinding } from './remedy.js';
import { verifyPool } from './verify-pool.js';
import {
  folderOf,
  foreign,
  hashInName,
  leftOver,
  verifyView,
  type ViewName,
  type ViewReading,
  type ViewRequest,
} from './verify-view.js';

/** What to check. */
export type Scope =
  | { kind: 'all' }
  /** Everything of one suite: its live view and the snapshots it lists. */
  | { kind: 'suite'; suite: string }
  /** Everything of one snapshot: its frozen views and its packages. */
  | { kind: 'snapshot'; id: string };

/** Key, address and keyring suites: what the key files are made of. */
export interface ArchiveRequest extends Pick<KeyFilesRequest, 'baseUrl' | 'publicKey' | 'keyring'> {
  port: ArchivePort;
  /** The date is only by which signatures are judged. */
  trust: { keyring: Uint8Array; taken: Taken };
  /** Our clock: what is expired by it, or dated ahead of it, is a fault. */
  now: Date;
  snapshots: SnapshotsReading;
  expected: ExpectedFiles;
  scope: Scope;
  /** Suites of lockstep.yaml. */
  suites: readonly string[];
  /** Files that dropped snapshots left, by their path: they wait for `gc`. */
  leftBehind: ReadonlyMap<string, Pick<PoolFile, 'size' | 'sha256'>>;
  /** Whether somebody moves suites right now: what looks like a fault of a live view may be half a move. */
  isMoving?: () => Promise<boolean>;
  /** What the history of a suite says now. */
  current?: (suite: string) => Promise<string | undefined>;
  /** Told once how many bytes there are to read, and then of each piece. */
  onSize?: (bytes: number) => void;
  onRead?: (bytes: number) => void;
  signal?: AbortSignal | undefined;
}

export interface ArchiveReading {
  /** Paths are below the root of what is published. */
  findings: ArchiveFinding[];
  views: ViewReading[];
  files: number;
  bytes: number;
}

/** Views are read into memory one index at a time, so few at once. */
const viewsAtOnce = 2;

/** @throws LockstepError DISK_IO, INTERRUPTED, TOOL_MISSING, KEYRING_INVALID */
export async function verifyArchive(request: ArchiveRequest): Promise<ArchiveReading> {
  const { port, signal, scope } = request;
  const there = [...(await port.list('debian', { signal })), ...(await port.list('snapshot', { signal }))];
  const names = viewsOf(request, there, await linesKnownHere(request));
  const folders = names.map((name) => `${folderOf(name)}/`);
  const inView = (path: string): boolean => folders.some((folder) => path.startsWith(folder));
  const inPool = (path: string): boolean => path.startsWith(`${poolFolder}/`);
  const wanted = there.filter(({ path }) => inView(path) || inPool(path));
  const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
  if (scope.kind === 'all') request.onSize?.(bytes);
  const read = { files: 0, bytes: 0 };
  const onRead = (size: number): void => {
    read.files += 1;
    read.bytes += size;
    request.onRead?.(size);
  };

  const signedPool = new Map<string, PoolFile>();
  const limit = pLimit(viewsAtOnce);
  const copies = copiesIn(there);
  const onUnknown = (text: string): void => notePool(text, signedPool);
  const views = await Promise.all(
    names.map((name) => limit(() => settled({ ...request, copies, onRead, name, onUnknown }, request))),
  );

  const published = new Set(
    names.flatMap(({ kind, id, due }, at) =>
      kind === 'frozen' && (due || views[at]!.signed.there) ? [id!] : [],
    ),
  );
  const needed = new Map(signedPool);
  const findings = views.flatMap((view) => view.findings);
  for (const id of published) {
    for (const file of request.expected.poolOf(id)) needed.set(file.path, file);
  }
  // What only a manifest that cannot be read and a view that cannot be read say is not known at all
  const isRead = ({ id }: ViewName): boolean => request.expected.has(id ?? '');
  const complete = names.every((name, at) => views[at]!.signed.release !== null || isRead(name));
  // No index lists changelogs
  const changelogs = names.every(isRead);
  findings.push(
    ...(await verifyPool({
      port,
      there: poolInScope(there, needed, scope),
      needed,
      allowed: (path) => allowed(path, request),
      complete: (path) => (isChangelog(path) ? changelogs : complete),
      onRead,
      signal,
    })),
  );
  findings.push(...(await aliasFaults(request, published)));
  const live = names.flatMap((name, at) => (name.kind === 'live' ? [{ name, view: views[at]! }] : []));
  if (scope.kind !== 'snapshot') findings.push(...(await keyFaults(request, live)));
  if (scope.kind === 'all') {
    const rest = there.filter(({ path }) => !inView(path) && !inPool(path));
    findings.push(...strangers(rest, request, new Set(live.map(({ name }) => name.suite))));
  }
  return { findings, views, ...read };
}

/**
 * A move takes milliseconds between its first index and its InRelease. A fault is checked again this often,
 * after this delay.
 */
const looks = 20;
const betweenLooks = 50;

/** A view's faults that stay, while suites are moved. */
async function settled(view: ViewRequest, { isMoving, current }: ArchiveRequest): Promise<ViewReading> {
  let reading = await verifyView(view);
  if (view.name.kind === 'frozen') return reading;
  for (let look = 1; look < looks && reading.findings.length > 0 && (await isMoving?.()) === true; look++) {
    await setTimeout(betweenLooks);
    throwIfInterrupted(view.signal);
    const id = (await current?.(view.name.suite)) ?? view.name.id;
    const again = await verifyView({ ...view, name: { ...view.name, id } });
    reading = { ...again, findings: lasting(reading.findings, again.findings) };
  }
  return reading;
}

/** The faults that were there before and still are. */
export function lasting<T extends Finding>(before: readonly Finding[], now: readonly T[]): T[] {
  const known = new Set(before.map(({ path, kind }) => `${kind} ${path}`));
  return now.filter(({ path, kind }) => known.has(`${kind} ${path}`));
}

/**
 * Of histories that several people continued: the lines that this archive knows, by suite. The frozen views of the others
 * are in the archive of who made those moves.
 */
async function linesKnownHere({ port, trust, snapshots }: ArchiveRequest): Promise<Map<string, Set<number>>> {
  const known = new Map<string, Set<number>>();
  for (const [suite, text] of snapshots.branching) {
    const { release } = await readSignedView(port, liveView(suite), trust);
    known.set(suite, firstLine(text, historyIn(release)?.sha256));
  }
  return known;
}

/** The views that must be there by the histories, and those that are. */
function viewsOf(
  request: ArchiveRequest,
  there: readonly PortFile[],
  known: ReadonlyMap<string, ReadonlySet<number>>,
): ViewName[] {
  const { snapshots, scope } = request;
  const suites = new Set([...request.suites, ...snapshots.histories.keys(), ...snapshots.damagedHistories]);
  const found = there.flatMap(({ path }): ViewName[] => {
    const match = /^(?:debian|snapshot\/([^/]+))\/dists\/([^/]+)\//.exec(path);
    const [, id, suite] = match ?? [];
    if (suite === undefined || !suites.has(suite)) return [];
    if (id === undefined) return [{ kind: 'live', suite, id: currentOf(request, suite), due: false }];
    return isThere(request, id) ? [{ kind: 'frozen', suite, id, due: false }] : [];
  });
  const due = [...snapshots.histories].flatMap(([suite, entries]): ViewName[] => {
    const here = entries.filter((_, index) => known.get(suite)?.has(index) !== false);
    const ids = here.map(({ to }) => to).filter((id) => isThere(request, id));
    return [
      { kind: 'live', suite, id: currentOf(request, suite), due: true },
      ...ids.map((id) => ({ kind: 'frozen' as const, suite, id, due: true })),
    ];
  });
  const unique = new Map([...found, ...due].map((name) => [folderOf(name), name]));
  const all = [...unique.values()];
  switch (scope.kind) {
    case 'all':
      return all;
    case 'snapshot':
      return all.filter(({ kind, id }) => kind === 'frozen' && id === scope.id);
    case 'suite': {
      const listed = listedBy(request, scope.suite);
      return all.filter(
        ({ kind, suite, id }) => suite === scope.suite && (kind === 'live' || listed.has(id!)),
      );
    }
  }
}

/** Whether a snapshot has, or must have, a manifest. One whose drop was interrupted is on its way out. */
function isThere({ snapshots }: ArchiveRequest, id: string): boolean {
  return (snapshots.good.has(id) || snapshots.doubtful.has(id)) && !snapshots.dropped.has(id);
}

/** Every snapshot a suite ever pointed at and that is still there: more than it lists, never less. */
function listedBy(request: ArchiveRequest, suite: string): Set<string> {
  const ids = (request.snapshots.histories.get(suite) ?? []).map(({ to }) => to);
  return new Set(ids.filter((id) => isThere(request, id)));
}

function currentOf({ snapshots }: ArchiveRequest, suite: string): string | undefined {
  // Nobody has said yet where a history goes on that two people continued
  return snapshots.forkedHistories.has(suite) ? undefined : snapshots.histories.get(suite)?.at(-1)?.to;
}

function copiesIn(there: readonly PortFile[]): Map<string, string[]> {
  const copies = new Map<string, string[]>();
  for (const { path } of there) {
    const hash = hashInName(path);
    if (hash !== undefined) copies.set(hash, [...(copies.get(hash) ?? []), path]);
  }
  return copies;
}

/** Takes the pool files out of a paragraph that a good signature is on, and no manifest. */
function notePool(text: string, pool: Map<string, PoolFile>): void {
  const [stanza] = parseStanzas(text);
  const path = stanza?.get('Filename');
  const [size, sha256] = [Number(stanza?.get('Size')), stanza?.get('SHA256')];
  if (path !== undefined && sha256 !== undefined) pool.set(path, { path, size, sha256 });
  const directory = stanza?.get('Directory');
  for (const line of directory === undefined ? [] : (stanza?.lines('Checksums-Sha256') ?? [])) {
    const [hash = '', bytes = '', name = ''] = line.split(/\s+/);
    pool.set(`${directory}/${name}`, { path: `${directory}/${name}`, size: Number(bytes), sha256: hash });
  }
}

function poolInScope(
  there: readonly PortFile[],
  needed: ReadonlyMap<string, PoolFile>,
  scope: Scope,
): PortFile[] {
  const pool = there.filter(({ path }) => path.startsWith(`${poolFolder}/`));
  return scope.kind === 'all' ? pool : pool.filter(({ path }) => needed.has(path.slice('debian/'.length)));
}

function allowed(path: string, request: ArchiveRequest): readonly Pick<PoolFile, 'size' | 'sha256'>[] {
  const left = request.leftBehind.get(`debian/${path}`);
  return [...request.expected.poolFile(path), ...(left === undefined ? [] : [left])];
}

async function aliasFaults({ port }: ArchiveRequest, ids: ReadonlySet<string>): Promise<ArchiveFinding[]> {
  const findings: ArchiveFinding[] = [];
  for (const id of ids) {
    const path = frozenPool(id);
    const target = await wayOf(port, id);
    if (target === poolFolder) continue;
    const [kind, said] =
      target === undefined
        ? (['missing', 'is missing'] as const)
        : (['damaged', `points to ${target}`] as const);
    const message = `The link from the frozen view to the pool ${said}`;
    const remedy = { kind: 'alias', path, target: poolFolder } as const;
    findings.push(archiveFault(kind, path, message, 'lockstep verify --repair recreates it', remedy));
  }
  return findings;
}

async function keyFaults(
  { port, publicKey, baseUrl, keyring }: ArchiveRequest,
  live: readonly { name: ViewName; view: ViewReading }[],
): Promise<ArchiveFinding[]> {
  const wanted = new Map(live.length === 0 ? [] : keyrings(publicKey));
  for (const { name, view } of live) {
    const { release } = view.signed;
    if (release === null) continue;
    const { areas, architectures } = release;
    const of = { baseUrl, suite: name.suite, areas, architectures, keyring };
    for (const [path, data] of keyFiles(of, publicKey)) wanted.set(path, data);
  }
  const findings: ArchiveFinding[] = [];
  for (const [path, data] of wanted) {
    const bytes = await port.read(path);
    if (bytes?.equals(Buffer.from(data)) === true) continue;
    const [kind, message] =
      bytes === undefined
        ? (['missing', 'It is missing'] as const)
        : (['damaged', 'It does not match the key and lockstep.yaml'] as const);
    const remedy = { kind: 'data', path, data } as const;
    findings.push(archiveFault(kind, path, message, 'lockstep verify --repair rewrites it', remedy));
  }
  return findings;
}

/** Of what is in no view and not in the pool, what belongs to nothing. */
function strangers(
  files: readonly PortFile[],
  request: ArchiveRequest,
  live: ReadonlySet<string>,
): ArchiveFinding[] {
  const { snapshots, suites } = request;
  const known = new Set<string>([
    ...Object.values(keyringFiles),
    ...[...live, ...suites].map(sourcesFilePath),
  ]);
  return files.flatMap((file): ArchiveFinding[] => {
    const { path, kind } = file;
    if (kind === 'file' && known.has(path)) return [];
    if (isTemporaryName(path)) return [leftOver(file)];
    const id = /^snapshot\/([^/]+)\//.exec(path)?.[1] ?? '';
    if (isWay(request.port, file) && path === frozenPool(id) && isThere(request, id)) return [];
    if (!snapshots.dropped.has(id)) return [foreign(file)];
    const message = `The snapshot ${id} was dropped, but this file remains: the drop was interrupted`;
    return [archiveFault('unfinished', path, message, `Finish it with: lockstep drop ${id}`)];
  });
}
