/**
 * Sources of kind `apt-binary`: unchanged packages of the base distribution, verified by the same chain, with
 * the packages of the same source that they need. src/resolution decides which versions fit together.
 */
import { readAr } from '../deb/ar.js';
import { parseRelations } from '../deb/relation.js';
import { LockstepError } from '../errors.js';
import { distinct } from '../io/keyed.js';
import { assertSafeFileName, memberName } from '../deb/member-name.js';
import type { AptBinaryConfig } from '../profile/profile-schema.js';
import { lookUp, nearestName, suiteNames, type IndexedStanza } from './apt-archive.js';
import { foundIn } from './apt-proof.js';
import { cached } from './cache-file.js';
import type { BinaryListing, Candidates, Choice } from './candidate.js';
import { allOrNone, type SourceContext } from './source-context.js';
import { fetchFile } from './fetch-file.js';
import type { AptBinaryPackage, AptBinaryPin, Provenance, StoredFile } from './pin.js';
import { readStored } from './source-tree.js';
import { sha256Pattern } from '../deb/checksum.js';

/**
 * What the base has of the named packages, and of those of the same sources
 * that they depend on, for each architecture.
 * @throws LockstepError as openRelease and the indices' downloads do
 */
export async function binaryCandidates(
  component: string,
  source: AptBinaryConfig,
  context: SourceContext,
): Promise<Candidates> {
  const architectures = [...context.base.architectures];
  const found = (
    await allOrNone(context, (inner) => architectures.map((name) => reachable(source.packages, name, inner)))
  ).flat();
  const absent = source.packages.filter((name) => !found.some((listing) => listing.package === name));
  const near: Record<string, string> = {};
  for (const name of absent) {
    const similar = await nearestName(name, architectures[0]!, context);
    if (similar !== undefined) near[name] = similar;
  }
  return {
    kind: 'apt-binary',
    component,
    packages: source.packages,
    architectures,
    searched: suiteNames(context),
    found,
    near,
  };
}

/** The named packages, then their dependencies from the same sources, and so on. */
async function reachable(
  names: readonly string[],
  architecture: string,
  context: SourceContext,
): Promise<BinaryListing[]> {
  const found: BinaryListing[] = [];
  const asked = new Set<string>();
  let sources: Set<string> | null = null;
  let next = [...new Set(names)];
  while (next.length > 0) {
    for (const name of next) asked.add(name);
    const listings = (await lookUp(architecture, next, context)).map((indexed) =>
      listingOf(indexed, architecture),
    );
    sources ??= new Set(listings.map((listing) => listing.source));
    const own = listings.filter((listing) => sources?.has(listing.source));
    found.push(...own);
    const wanted = own.flatMap((listing) => parseRelations(listing.depends).flat());
    next = [...new Set(wanted.map((alternative) => alternative.package))].filter((name) => !asked.has(name));
  }
  return found;
}

function listingOf({ stanza, index }: IndexedStanza, installableOn: string): BinaryListing {
  const name = stanza.require('Package');
  const version = stanza.require('Version');
  // Policy 5.6.1: `Source: name (version)`, left out where both are the package's own
  const source = /^(\S+)(?:\s+\(([^)\s]+)\))?$/.exec(stanza.get('Source') ?? name);
  const filename = memberName(stanza.require('Filename'), index.path);
  const base = filename.slice(filename.lastIndexOf('/') + 1);
  assertSafeFileName(base, index.path);
  const sha256 = stanza.require('SHA256').toLowerCase();
  const size = Number(stanza.require('Size'));
  if (source === null || !sha256Pattern.test(sha256) || !Number.isSafeInteger(size)) {
    throw new LockstepError('DEB_SYNTAX', {
      message: `${index.release.suite} lists ${name} ${version} with an invalid Source, Size or SHA256`,
      where: [stanza.placeOf('Source')],
    });
  }
  return {
    package: name,
    version,
    architecture: stanza.require('Architecture'),
    installableOn,
    source: source[1]!,
    sourceVersion: source[2] ?? version,
    depends: ['Pre-Depends', 'Depends'].flatMap((field) => stanza.get(field) || []).join(', '),
    filename,
    file: { name: base, size, sha256 },
    stanza: stanza.text(),
    ...foundIn(index),
  };
}

/**
 * Fetches and proves chosen packages.
 * @throws LockstepError SOURCE_NOT_ON_MIRROR, SOURCE_HASH_MISMATCH, NET_*, DEB_ARCHIVE
 */
export async function fetchBinaries(
  choice: Extract<Choice, { kind: 'apt-binary' }>,
  context: SourceContext,
): Promise<AptBinaryPin> {
  const fetched = await allOrNone(context, (inner) =>
    choice.listings.map(async (listing) => {
      const { archive, suite, filename } = listing;
      const file = await fetchFile({ ...listing.file, archive, suite, paths: [filename] }, inner);
      return { listing, file, date: await buildDate(file, inner) };
    }),
  );
  return {
    kind: 'apt-binary',
    component: choice.component,
    upstreamVersion: choice.upstreamVersion,
    date: Math.max(...fetched.map(({ date }) => date)),
    packages: fetched.map(({ listing, file }) => packageOf(listing, file)),
    provenance: provenanceOf(choice.listings),
  };
}

function packageOf(listing: BinaryListing, file: StoredFile): AptBinaryPackage {
  const { version, architecture, source, sourceVersion, suite, stanza } = listing;
  return { package: listing.package, version, architecture, source, sourceVersion, suite, stanza, file };
}

function provenanceOf(listings: readonly BinaryListing[]): Provenance[] {
  return [
    ...distinct(listings.flatMap((listing) => listing.proof)),
    ...listings.map((listing) => ({
      step: 'package hash',
      subject: listing.file.name,
      by: `Packages of ${listing.suite}`,
      sha256: listing.file.sha256,
    })),
  ];
}

/**
 * When a .deb was built from its changelog: dpkg-deb gives its members
 * SOURCE_DATE_EPOCH as their time, which is the changelog's date.
 */
async function buildDate(file: StoredFile, context: SourceContext): Promise<number> {
  const read = async (): Promise<number> => {
    let date = 0;
    // To the end: only then are the bytes known to be those of the hash
    for await (const member of readAr(context.store.open(file.sha256), file.name)) {
      date = Math.max(date, member.mtime);
    }
    return date;
  };
  return await cached(context, 'packages', file.sha256, () => readStored(context.store, file.sha256, read));
}
