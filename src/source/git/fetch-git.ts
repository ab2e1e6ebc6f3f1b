/**
 * Sources of kind `git`: a commit as one tarball, with its submodules. The commit's id proves its content. If the
 * profile requires it, a signature is verified too.
 */
import { join } from 'node:path';
import { LockstepError } from '../../errors.js';
import { namesIn, removeTree, sha256Of, tempDir } from '../../io/disk.js';
import { fieldsOf } from '../../profile/faults.js';
import { readCached, writeCached } from '../cache-file.js';
import type { Choice } from '../candidate.js';
import { parseJson } from '../declared-json.js';
import { earlierPins, sessionOf, type SourceContext } from '../source-context.js';
import type { GitPin, Provenance, StoredFile, Submodule } from '../pin.js';
import { assembleTree, openCommit, storeTree, type AssembledTree } from './commit-tree.js';
import { damagedObject, idOf, parseCommit, parseTag, type ObjectId } from './git-object.js';
import {
  closeFolder,
  largestText,
  readObject,
  readObjects,
  wholeBody,
  type ObjectFolder,
} from './object-reader.js';
import { althoughExpired, type UpstreamSigner } from '../upstream-signature.js';
import { signerOf, type SignedTexts } from './signature.js';
import { trackedVersion, usableVersion } from './tracked-version.js';

type GitChoice = Extract<Choice, { kind: 'git' }>;

/** A fetched tree. It is cached under what was requested. */
interface TreeRecord {
  archive: StoredFile;
  submodules: Submodule[];
  /** The version that the tree's files name, or null. */
  base: string | null;
  /** Texts of commit and tag in base64: their signatures are verified on each use. */
  commit: string;
  tag: string | null;
}

/**
 * Fetches a chosen commit. A tree that was fetched before comes from the cache.
 * @throws LockstepError SOURCE_MOVED, SOURCE_REF_UNKNOWN, SOURCE_GIT_DAMAGED, SOURCE_SUBMODULE, DEB_UNSAFE_NAME,
 * VERIFY_*, KEYRING_*, NET_*, TOOL_MISSING, STORE_*, DISK_*, INTERRUPTED
 */
export async function fetchGit(choice: GitChoice, context: SourceContext): Promise<GitPin> {
  const { component, config, listing } = choice;
  assertNotMoved(choice, context);
  const record = await treeRecord(choice, context);
  const texts = textsOf(record, choice)!;
  // Verified again for a cached tree, because keyrings change
  const signer =
    config.signedBy === undefined ? null : await signerOf(choice, texts, config.signedBy, context);
  if (signer?.although?.kind === 'pinned') {
    context.phase?.info(
      `${component}: the key ${signer.fingerprint} is no longer valid; it signed a version that is already pinned`,
    );
  }
  const { committedAt } = parseCommit(texts.commit, listing.commit);
  return {
    kind: 'git',
    component,
    upstreamVersion: versionOf(choice, record.base, committedAt, context),
    date: committedAt,
    url: config.url,
    ref: listing.ref,
    commit: listing.commit,
    submodules: record.submodules,
    signedBy: signer?.fingerprint ?? null,
    archive: record.archive,
    provenance: proofOf(choice, record, signer),
  };
}

function proofOf(
  { config, listing }: GitChoice,
  { archive, submodules }: TreeRecord,
  signer: UpstreamSigner | null,
): Provenance[] {
  const subject = `${listing.ref ?? 'commit'} of ${config.url}`;
  return [
    ...(signer === null
      ? []
      : [
          {
            step: `signature${althoughExpired(signer)}`,
            kind: 'signature' as const,
            subject,
            by: signer.fingerprint,
          },
        ]),
    { step: 'ref to commit', subject, by: listing.commit },
    ...submodules.map(({ path, url, commit }) => ({
      step: 'submodule, at the commit that the tree names',
      subject: `${path} (${url})`,
      by: commit,
    })),
    { step: 'tree to tarball', subject: archive.name, sha256: archive.sha256 },
  ];
}

/** The version of a tag is in its name. A branch or commit gets a version that names the commit. */
function versionOf(
  { component, listing }: GitChoice,
  base: string | null,
  committedAt: number,
  context: SourceContext,
): string {
  const named = usableVersion(listing.version);
  if (named !== null && listing.ref?.startsWith('refs/tags/') === true) return named;
  const last = context.previous?.get(component);
  const before = last && { version: last.upstreamVersion, commit: last.kind === 'git' ? last.commit : null };
  return trackedVersion(named ?? base, committedAt, listing.commit, before);
}

/**
 * Refuses a tag that points at another commit than before: whoever moves a tag could replace the content of a vetted
 * version.
 */
function assertNotMoved({ component, config, listing }: GitChoice, context: SourceContext): void {
  if (listing.ref?.startsWith('refs/tags/') !== true) return;
  const before = earlierPins(context).find(
    (pin): pin is GitPin =>
      pin.kind === 'git' &&
      pin.url === config.url &&
      pin.ref === listing.ref &&
      pin.commit !== listing.commit,
  );
  if (before === undefined) return;
  const tag = listing.ref.slice('refs/tags/'.length);
  throw new LockstepError('SOURCE_MOVED', {
    message: `The tag ${tag} of ${config.url} moved: an earlier snapshot has it at the commit ${before.commit}; now it is at ${listing.commit}`,
    hint: `Ask the owner of the repository. To keep the earlier commit, write "commit: ${before.commit}"; to take the new one, "commit: ${listing.commit}"`,
    where: [{ path: `components.${component}.source`, value: tag }],
  });
}

async function treeRecord(choice: GitChoice, context: SourceContext): Promise<TreeRecord> {
  const { component, config, listing } = choice;
  const wanted = [component, config.url, listing.commit, listing.tag, config.submodules];
  const key = sha256Of(JSON.stringify(wanted));
  const kept = await readCached<TreeRecord>(context, 'git-trees', key);
  const usable = kept !== undefined && textsOf(kept, choice) !== null;
  if (usable && (await context.store.holds(kept.archive.sha256, context))) return kept;
  const record = await fetchTree(choice, context);
  await writeCached(context, 'git-trees', key, record);
  return record;
}

/** The texts of a record; null if they do not match the ids. */
function textsOf(record: TreeRecord, { listing }: GitChoice): SignedTexts | null {
  const commit = Buffer.from(record.commit, 'base64');
  const tag = record.tag === null ? null : Buffer.from(record.tag, 'base64');
  const holds =
    idOf('commit', commit) === listing.commit && (tag === null || idOf('tag', tag) === listing.tag);
  return holds ? { commit, tag } : null;
}

async function fetchTree(choice: GitChoice, context: SourceContext): Promise<TreeRecord> {
  const { component, config, listing } = choice;
  const scratch = join(context.cacheDir, 'git');
  await sessionOf(context).once('git-leftovers', () => sweepLeftovers(scratch));
  const work = await tempDir(scratch, `work-${process.pid}-`);
  const opened: ObjectFolder[] = [];
  try {
    const want = listing.tag ?? listing.commit;
    const options = { url: config.url, want, named: true, work, opened, submodules: config.submodules };
    const repository = await openCommit(options, context);
    const texts = await textsIn(repository, choice, context);
    // Verify the signature before fetching anything else that the commit names
    if (config.signedBy !== undefined) await signerOf(choice, texts, config.signedBy, context);
    const commit = parseCommit(texts.commit, listing.commit);
    const tree = await assembleTree(repository, commit.tree, options, context);
    const base = await baseVersion(tree, context);
    const top = `${component}-${listing.commit.slice(0, 12)}`;
    const archive = await storeTree(tree, top, commit.committedAt, context);
    return {
      archive,
      submodules: tree.submodules,
      base,
      commit: texts.commit.toString('base64'),
      tag: texts.tag?.toString('base64') ?? null,
    };
  } finally {
    await Promise.all(opened.map(closeFolder));
    await removeTree(work);
  }
}

/** Reads the commit and the annotated tag. The tag must point at the commit. */
async function textsIn(
  repository: ObjectFolder,
  choice: GitChoice,
  context: SourceContext,
): Promise<SignedTexts> {
  const { config, listing } = choice;
  let id: ObjectId | null = listing.tag;
  let tag: Buffer | null = null;
  for (let depth = 0; id !== null && id !== listing.commit && depth < 8; depth++) {
    const body = await readObject(repository, id, 'tag', context);
    tag ??= body;
    id = parseTag(body, id).object;
  }
  if (id !== null && id !== listing.commit) {
    throw damagedObject(`The tag ${listing.ref} of ${config.url}`, `it does not lead to ${listing.commit}`);
  }
  for await (const object of readObjects(repository, [listing.commit], context)) {
    if (object.type !== 'commit') throw noCommit(choice, object.type);
    return { commit: await wholeBody(object, 'commit', largestText), tag };
  }
  throw damagedObject(`The commit ${listing.commit}`, 'it is missing');
}

/** git.git itself has a tag that names a file. A search does not choose such a version. */
function noCommit({ component, config, listing }: GitChoice, type: string): LockstepError {
  const name = listing.ref?.slice('refs/tags/'.length) ?? listing.commit;
  return new LockstepError('SOURCE_TAG', {
    message: `The tag ${name} of ${config.url} names a ${type === 'blob' ? 'file' : 'folder'}, not a commit`,
    hint: 'Choose another tag: "tags" in the source is a pattern of those that are versions',
    where: [{ path: `components.${component}.source`, value: name }],
  });
}

/** Files that can name a tree's version. The first that names one is used. */
const versionFiles = ['includes/Defines.php', 'extension.json', 'skin.json', 'composer.json'];

async function baseVersion({ paths }: AssembledTree, context: SourceContext): Promise<string | null> {
  for (const path of versionFiles) {
    const found = paths.find(
      (one) => one.path === path && (one.kind === 'file' || one.kind === 'executable'),
    );
    if (found === undefined) continue;
    const text = (await readObject(found.from, found.id, 'blob', context)).toString('utf8');
    const version = usableVersion(
      (path.endsWith('.json') ? jsonVersion(text) : mediaWikiVersion(text)) ?? null,
    );
    if (version !== null) return version;
  }
  return null;
}

function mediaWikiVersion(text: string): string | undefined {
  return /^\s*define\(\s*['"]MW_VERSION['"]\s*,\s*['"]([^'"]+)['"]\s*\)/m.exec(text)?.[1];
}

function jsonVersion(text: string): string | undefined {
  // Any JSON is accepted here: src/source/declarations.ts checks the tree
  const parsed = parseJson(text);
  const { version } = fieldsOf('json' in parsed ? parsed.json : undefined);
  return typeof version === 'string' ? version : undefined;
}

/** Removes files of killed runs. Files of running processes stay. */
async function sweepLeftovers(scratch: string): Promise<void> {
  for (const name of await namesIn(scratch)) {
    const pid = Number(/^work-(\d+)-/.exec(name)?.[1] ?? NaN);
    if (Number.isNaN(pid) || isRunning(pid)) continue;
    await removeTree(join(scratch, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
