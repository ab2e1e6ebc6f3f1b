/**
 * apt reads paragraphs before an index has them: this machine's apt, over a separate folder, without root. One
 * paragraph that apt does not read stops apt on every machine that follows a suite. src/deb/binary-stanza.ts refuses all
 * that is known; this finds what nobody knew.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { packageItems } from '../../archive/index-text.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { ensureDir, removeTree, tempDir, writeFileAtomic } from '../../io/disk.js';
import { onDisk } from '../../io/disk-fault.js';
import { run } from '../../io/process.js';
import type { SnapshotPackage } from '../../snapshot/manifest.js';
import { isolatedApt, isolatedList, isolatedSources } from './apt-configuration.js';

export interface ReadingRequest {
  architectures: readonly string[];
  /** Absolute path of the folder for scratch space. */
  temporary: string;
  signal?: AbortSignal | undefined;
}

/** That many packages that apt does not read are named. */
const mostNamed = 5;

/** Written at once, in characters. */
const pieceSize = 4 * 1024 * 1024;

/**
 * Has apt read the paragraphs of packages as one index.
 *
 * @throws LockstepError INDEX_UNREADABLE with the packages that apt does not read, TOOL_MISSING, DISK_*, INTERRUPTED
 */
export async function assertAptReads(
  packages: readonly SnapshotPackage[],
  request: ReadingRequest,
): Promise<void> {
  if (packages.length === 0) return;
  await inFolder(request, async (folder) => {
    const complain = async (some: readonly SnapshotPackage[]): Promise<string | null> =>
      await complaintOf(textsOf(some), folder, request.signal);
    const said = await complain(packages);
    if (said === null) return;
    const named: Unread[] = [];
    await nameThem(packages, complain, named);
    throw unreadable(packages, said, named);
  });
}

/**
 * What apt says against an index, or null.
 *
 * @param index its text, in pieces
 * @throws LockstepError TOOL_MISSING, DISK_*, INTERRUPTED, and what the source throws
 */
export async function complaintOfIndex(
  index: AsyncIterable<Uint8Array>,
  request: ReadingRequest,
): Promise<string | null> {
  return await inFolder(request, (folder) => complaintOf(index, folder, request.signal));
}

async function inFolder<T>(
  { temporary, architectures }: ReadingRequest,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await tempDir(temporary, 'reading-');
  try {
    await ensureDir(join(folder, 'archives/partial'));
    await ensureDir(join(folder, 'lists/partial'));
    const texts = {
      status: '',
      'sources.list': isolatedSources,
      'apt.conf': isolatedApt(folder, architectures),
    };
    for (const [name, text] of Object.entries(texts))
      await writeFileAtomic(join(folder, name), text, { fsync: false });
    return await work(folder);
  } finally {
    await removeTree(folder);
  }
}

type Pieces = Iterable<string> | AsyncIterable<Uint8Array>;

async function complaintOf(
  pieces: Pieces,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const path = join(folder, isolatedList);
  await onDisk('write', path, async () => {
    const file = await open(path, 'w', 0o600);
    try {
      for await (const piece of pieces) await file.writeFile(piece);
    } finally {
      await file.close();
    }
  });
  const env = { LC_ALL: 'C', APT_CONFIG: join(folder, 'apt.conf') };
  const ended = await run('apt-cache', ['gencaches'], { cwd: folder, env, allowFailure: true, signal });
  const errors = `${ended.stdout}\n${ended.stderr}`.split('\n').filter((line) => line.startsWith('E: '));
  if (ended.exitCode === 0 && errors.length === 0) return null;
  const how = ended.endedBy === undefined ? `exit status ${ended.exitCode}` : `ended by ${ended.endedBy}`;
  return errors[0]?.slice(3) ?? how;
}

/** Their index, in few pieces: a write for each package takes longer than apt. */
function* textsOf(packages: readonly SnapshotPackage[]): Generator<string> {
  let waiting = '';
  for (const { text } of packageItems(packages)) {
    waiting += text;
    if (waiting.length < pieceSize) continue;
    yield waiting;
    waiting = '';
  }
  yield waiting;
}

interface Unread {
  entry: SnapshotPackage;
  said: string;
}

/** Halves the packages until those are alone that apt does not read. */
async function nameThem(
  packages: readonly SnapshotPackage[],
  complain: (some: readonly SnapshotPackage[]) => Promise<string | null>,
  named: Unread[],
): Promise<void> {
  if (named.length >= mostNamed) return;
  const said = await complain(packages);
  if (said === null) return;
  const [entry, ...others] = packages;
  if (others.length === 0) {
    named.push({ entry: entry!, said });
    return;
  }
  const middle = Math.ceil(packages.length / 2);
  for (const half of [packages.slice(0, middle), packages.slice(middle)])
    await nameThem(half, complain, named);
}

function unreadable(
  packages: readonly SnapshotPackage[],
  said: string,
  named: readonly Unread[],
): LockstepError {
  const whose =
    named.length === 0
      ? `the index of ${counted(packages.length, 'package')}`
      : `the control paragraph of ${named.map(({ entry }) => `${entry.package} ${entry.version}`).join(', ')}`;
  return new LockstepError('INDEX_UNREADABLE', {
    message: `apt cannot read ${whose}: ${named[0]?.said ?? said}`,
    hint: 'Every machine that follows the suite would have this error. Leave the package out, or correct its control file. Nothing was cut',
    where: named.map((one) => ({
      path: `${one.entry.package} ${one.entry.version} ${one.entry.architecture}`,
      message: one.said,
    })),
  });
}
