/**
 * Sources of kind `tarball`: a file on upstream's server, verified by a SHA-256 in the profile or by a detached
 * signature. The file names on a page give the available versions. Other files read the content.
 */
import { LockstepError } from '../errors.js';
import { readTar } from '../deb/tar.js';
import { watched, type ByteSource } from '../deb/bytes.js';
import { decompressByName } from '../io/compress.js';
import type { StoredBlob } from '../io/content-store.js';
import { sha256Of } from '../io/disk.js';
import { inItem, type Item } from '../io/progress.js';
import { nearest } from '../profile/nearest.js';
import type { TarballConfig } from '../profile/profile-schema.js';
import { cached, readCached, writeCached } from './cache-file.js';
import type { Candidates, Choice, TarballListing } from './candidate.js';
import { LfsWatch } from './lfs.js';
import { sessionOf, type SourceContext } from './source-context.js';
import type { Provenance, StoredFile, TarballPin } from './pin.js';
import { readStored } from './source-tree.js';
import { althoughExpired, keysNamed, upstreamSigner, type UpstreamSigner } from './upstream-signature.js';

type TarballCandidates = Extract<Candidates, { kind: 'tarball' }>;

/** Bytes of a listing. A larger page is not a list of versions. */
const largestListing = 16 * 1024 * 1024;
/** Bytes. No detached signature is larger. */
const largestSignature = 256 * 1024;
/** Bytes. The limit for a server that never stops sending. */
const largestTarball = 4 * 1024 * 1024 * 1024;

/**
 * The available versions: the profile's version, or those that the listing names.
 * @throws LockstepError NET_*, SOURCE_UNKNOWN_VERSION (the page names none), INTERRUPTED
 */
export async function tarballCandidates(
  component: string,
  config: TarballConfig,
  context: SourceContext,
): Promise<TarballCandidates> {
  const { listing, version } = config;
  if (listing === undefined) return { kind: 'tarball', component, found: [listed(config, version)] };
  const text = await sessionOf(context).once(`listing ${listing}`, () =>
    inItem(context.phase, listing, () =>
      context.http.text(listing, { maxBytes: largestListing, signal: context.signal }),
    ),
  );
  const versions = versionsIn(text, config.url);
  if (versions.length === 0) {
    const names = [...text.matchAll(/[A-Za-z0-9][A-Za-z0-9._+~-]*\.tar\.[a-z0-9]+\b/g)].map(([name]) => name);
    const near = nearest(fileNameOf(config.url), [...new Set(names)].slice(0, 500));
    throw new LockstepError('SOURCE_UNKNOWN_VERSION', {
      message: `${component}: the page ${listing} has no name of the form ${fileNameOf(config.url)}`,
      hint:
        near === undefined
          ? 'Correct "listing" or "url" in the profile.'
          : `It has ${near}. Correct "url" in the profile.`,
      where: [{ path: `components.${component}.source.listing`, value: listing }],
    });
  }
  return { kind: 'tarball', component, found: versions.map((one) => listed(config, one)) };
}

function listed(config: TarballConfig, version: string): TarballListing {
  const at = (address: string): string => address.replaceAll('{version}', encodeURIComponent(version));
  return {
    version,
    url: at(config.url),
    signature: config.signature === undefined ? null : at(config.signature),
  };
}

/** The part of an address that contains the version, in the form in which a page names it. */
function fileNameOf(url: string): string {
  const parts = url.split('/');
  return parts.findLast((part) => part.includes('{version}')) ?? parts.at(-1)!;
}

/** Each version once, in the order of the page. Pure. */
export function versionsIn(page: string, url: string): string[] {
  const [before = '', after = ''] = fileNameOf(url)
    .replace(/[?&].*$/, '')
    .split('{version}')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  // The match must not be the end of a longer name, and a version begins with a digit: `extra-wiki-1.0` and
  // `wiki-core-1.0` are other files than `wiki-1.0`
  const name = new RegExp(
    `(?<![A-Za-z0-9._+~-])${before}([0-9][A-Za-z0-9.+~_-]*?)${after}(?![A-Za-z0-9_+~-])`,
    'g',
  );
  const plain = page.replaceAll(/%2B/gi, '+').replaceAll(/%7E/gi, '~').replaceAll('&#43;', '+');
  return [...new Set([...plain.matchAll(name)].map((match) => match[1]!))];
}

/**
 * Fetches a tarball and verifies it, with its hash or with a signature by a key of the workspace.
 * @throws LockstepError NET_*, SOURCE_HASH_MISMATCH, SOURCE_MOVED (an address that had other bytes before),
 * SOURCE_KEYS_MISSING, KEYRING_INVALID, VERIFY_*, DEB_ARCHIVE (not a tarball), SOURCE_LFS, DATA_DAMAGED, STORE_*, DISK_*,
 * INTERRUPTED
 */
export async function fetchTarball(
  choice: Extract<Choice, { kind: 'tarball' }>,
  context: SourceContext,
): Promise<TarballPin> {
  const { component, config, listing } = choice;
  const name = decodeURIComponent(new URL(listing.url).pathname.split('/').at(-1)!);
  const fetched = await bytesOf(choice, name, context);
  const archive: StoredFile = { name, ...fetched };
  const known = context.knownPins?.find((pin) => pin.kind === 'tarball' && pin.url === listing.url);
  if (known?.kind === 'tarball' && known.archive.sha256 !== archive.sha256) {
    throw new LockstepError('SOURCE_MOVED', {
      message: `${component}: ${listing.url} has other content than when an earlier snapshot was cut (SHA-256 now ${archive.sha256}, then ${known.archive.sha256})`,
      hint: 'A released tarball must never change. Ask its upstream, and use another version until they explain the change.',
      where: [{ path: `components.${component}.source.url`, value: config.url }],
    });
  }
  const proof: Provenance[] = [
    config.sha256 === undefined
      ? { step: 'tarball', subject: listing.url, sha256: archive.sha256 }
      : {
          step: 'SHA-256 of the profile',
          subject: name,
          by: `components.${component}.source.sha256`,
          sha256: archive.sha256,
        },
  ];
  const signer = await assertSigned(choice, archive, context);
  if (signer !== null) {
    const step = `upstream signature: good${althoughExpired(signer)}`;
    proof.push({
      step,
      kind: 'signature',
      subject: name,
      by: signer.fingerprint,
      sha256: archive.sha256,
    });
  }
  const date = await newestMember(archive, context);
  // Cached only after all checks, so that a file that failed is fetched again
  await writeCached(context, 'tarballs', sha256Of(listing.url), fetched);
  return {
    kind: 'tarball',
    component,
    url: listing.url,
    signedBy: signer?.fingerprint ?? null,
    archive,
    upstreamVersion: listing.version,
    date,
    provenance: proof,
  };
}

async function bytesOf(
  { config, listing }: Extract<Choice, { kind: 'tarball' }>,
  name: string,
  context: SourceContext,
): Promise<StoredBlob> {
  const { store } = context;
  // Cached under the address, because the content of an address must never change
  const kept = await readCached<StoredBlob>(context, 'tarballs', sha256Of(listing.url));
  const wanted = config.sha256 ?? kept?.sha256;
  const there = wanted === undefined ? undefined : await store.size(wanted);
  if (wanted !== undefined && there !== undefined && there === (kept?.size ?? there)) {
    return { sha256: wanted, size: there };
  }
  const fetch = async (item: Item): Promise<StoredBlob> => {
    const answer = await context.http.get(listing.url, context);
    const body = watched(answer.body, ({ length: bytes }, total) => {
      if (total > largestTarball) throw tooLarge(listing.url);
      item.advance(bytes);
    });
    const expected = config.sha256 === undefined ? {} : { sha256: config.sha256 };
    return await store.put(body, expected, { signal: context.signal, name: listing.url });
  };
  return await sessionOf(context).limit(() => inItem(context.phase, name, fetch));
}

function tooLarge(url: string): LockstepError {
  return new LockstepError('NET_TOO_LARGE', {
    message: `${url} is larger than ${largestTarball / 2 ** 30} GiB`,
    where: [{ value: url }],
  });
}

/** Verifies the signature and returns its signer; null if the profile names no keyring. */
async function assertSigned(
  { component, config, listing }: Extract<Choice, { kind: 'tarball' }>,
  archive: StoredFile,
  context: SourceContext,
): Promise<UpstreamSigner | null> {
  if (config.signedBy === undefined || listing.signature === null) return null;
  const keyring = await keysNamed(config.signedBy, archive.name, context);
  const signature = await context.http.bytes(listing.signature, {
    maxBytes: largestSignature,
    signal: context.signal,
  });
  // Some upstreams sign the uncompressed tar, so that one signature covers every compression
  const inner = /\.tar\.(?:asc|sig|sign)$/.test(new URL(listing.signature).pathname);
  const whole = context.store.open(archive.sha256);
  const data: ByteSource =
    inner && !archive.name.endsWith('.tar') ? decompressByName(archive.name, whole, context) : whole;
  const signer = await upstreamSigner(
    {
      data,
      signature,
      keyring,
      subject: `${archive.name} of the component ${component}`,
      expiredKeys: config.expiredKeys,
      isSame: (pin) =>
        pin.kind === 'tarball' && pin.url === listing.url && pin.archive.sha256 === archive.sha256,
      path: `components.${component}.source`,
    },
    context,
  );
  const { fingerprint, although } = signer;
  const pinned = although?.kind === 'pinned' ? ', which is no longer valid; an earlier snapshot pins it' : '';
  context.phase?.info(`${archive.name}: signed by ${fingerprint}${althoughExpired(signer) || pinned}`);
  return signer;
}

/** The newest time of a member, in seconds: when upstream made the tarball. */
async function newestMember(archive: StoredFile, context: SourceContext): Promise<number> {
  return await cached(context, 'tarball-members', archive.sha256, async () => {
    let newest: number | undefined;
    const lfs = new LfsWatch();
    await readStored(context.store, archive.sha256, async () => {
      const bytes = decompressByName(archive.name, context.store.open(archive.sha256), context);
      for await (const { header, body } of readTar(bytes, archive.name)) {
        newest = Math.max(newest ?? 0, header.mtime);
        if (header.kind === 'file') await lfs.look(header.path, header.size, () => body);
      }
    });
    lfs.assertNone(archive.name);
    if (newest !== undefined) return newest;
    throw new LockstepError('DEB_ARCHIVE', {
      message: `${archive.name} is an empty tarball`,
      where: [{ file: archive.name }],
    });
  });
}
