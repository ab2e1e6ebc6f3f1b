/**
 * Sources of kind `apt-source`: a Debian source package, proven from the
 * index down to each tarball. What its packaging says of itself (date,
 * upstream's signature) is read by source-facts.ts.
 */
import { listedFiles, parseDsc, type Dsc, type SourceFile } from '../deb/dsc.js';
import { LockstepError } from '../errors.js';
import type { AptSourceConfig } from '../profile/profile-schema.js';
import { lookUp, nearestName, suiteNames, type IndexedStanza } from './apt-archive.js';
import { foundIn } from './apt-proof.js';
import type { Candidates, Choice, SourceListing } from './candidate.js';
import { allOrNone, type SourceContext } from './source-context.js';
import { fetchFile } from './fetch-file.js';
import type { AptSourcePin, Provenance, StoredFile } from './pin.js';
import { sourceFacts } from './source-facts.js';
import { upstreamVersionOf } from './upstream-of-debian.js';

/** A .dsc is a few KB; the limit is for one that claims to be more. */
const largestDsc = 4 * 1024 * 1024;

/**
 * What the base has of a source package, in all its suites.
 * @throws LockstepError as openRelease and the indices' downloads do
 */
export async function sourceCandidates(
  component: string,
  source: AptSourceConfig,
  context: SourceContext,
): Promise<Candidates> {
  const found = (await lookUp('source', [source.package], context))
    // Superseded sources that binary packages are still built from; not for anybody to build again
    .filter(({ stanza }) => stanza.get('Extra-Source-Only')?.toLowerCase() !== 'yes')
    .map(listingOf);
  const near = found.length > 0 ? undefined : await nearestName(source.package, 'source', context);
  return {
    kind: 'apt-source',
    component,
    package: source.package,
    searched: suiteNames(context),
    found,
    ...(near === undefined ? {} : { near }),
  };
}

function listingOf({ stanza, index }: IndexedStanza): SourceListing {
  const files = listedFiles(stanza);
  const name = stanza.require('Package');
  const version = stanza.require('Version');
  const [dsc, ...more] = files.filter((file) => file.name.endsWith('.dsc'));
  if (dsc === undefined || more.length > 0 || dsc.size > largestDsc) {
    throw new LockstepError('DEB_SYNTAX', {
      message: `${index.release.suite} lists ${name} ${version} without a usable .dsc`,
      where: [stanza.placeOf('Checksums-Sha256')],
    });
  }
  return {
    package: name,
    version,
    directory: stanza.require('Directory'),
    dsc: dsc.name,
    files,
    ...foundIn(index),
  };
}

/**
 * Fetches and proves a chosen source package: .dsc against the index, the
 * .dsc's list against the index's, every file against both.
 * @throws LockstepError SOURCE_NOT_ON_MIRROR, SOURCE_HASH_MISMATCH, SOURCE_MISMATCH, NET_*, VERIFY_BAD_SIGNATURE (upstream's
 * signature is there, by upstream's key, and does not hold)
 */
export async function fetchSource(
  choice: Extract<Choice, { kind: 'apt-source' }>,
  context: SourceContext,
): Promise<AptSourcePin> {
  const { listing } = choice;
  const { archive, suite, directory } = listing;
  const fetch = (file: SourceFile, inner = context): Promise<StoredFile> =>
    fetchFile({ ...file, archive, suite, paths: [`${directory}/${file.name}`] }, inner);
  const described = listing.files.find((file) => file.name === listing.dsc)!;
  // The .dsc first: when it contradicts the index, nothing else is worth fetching
  const dscFile = await fetch(described);
  const dsc = parseDsc((await context.store.read(dscFile.sha256)).toString('utf8'), listing.dsc);
  assertAgrees(dsc, listing);
  const files = await allOrNone(context, (inner) => listing.files.map((file) => fetch(file, inner)));
  const facts = await sourceFacts(dsc, dscFile, files, context);
  return {
    kind: 'apt-source',
    component: choice.component,
    package: listing.package,
    version: listing.version,
    suite: listing.suite,
    upstreamVersion: upstreamVersionOf(listing.version),
    date: facts.date,
    dsc: listing.dsc,
    files,
    provenance: [...listing.proof, ...fileProofs(listing), ...facts.provenance],
  };
}

function fileProofs(listing: SourceListing): Provenance[] {
  return listing.files.map((file) =>
    file.name === listing.dsc
      ? { step: '.dsc hash', subject: file.name, by: `Sources of ${listing.suite}`, sha256: file.sha256 }
      : { step: 'file hash', subject: file.name, by: listing.dsc, sha256: file.sha256 },
  );
}

/** A .dsc is written by the maintainer, the index by the archive: what they say of the files must be the same. */
function assertAgrees(dsc: Dsc, listing: SourceListing): void {
  const faults: string[] = [];
  if (dsc.source !== listing.package) faults.push(`it names the source ${dsc.source}`);
  if (dsc.version !== listing.version) faults.push(`it has version ${dsc.version}`);
  const promised = new Map(listing.files.map((file) => [file.name, file]));
  promised.delete(listing.dsc);
  for (const file of dsc.files) {
    const other = promised.get(file.name);
    promised.delete(file.name);
    if (other === undefined) faults.push(`the index does not list ${file.name}`);
    else if (other.sha256 !== file.sha256 || other.size !== file.size) {
      faults.push(`the index has a different hash or size for ${file.name}`);
    }
  }
  for (const name of promised.keys()) faults.push(`it does not list ${name}`);
  if (faults.length === 0) return;
  throw new LockstepError('SOURCE_MISMATCH', {
    message: `${listing.dsc} contradicts the Sources of ${listing.suite} (${listing.package} ${listing.version}): ${faults.join('; ')}`,
    hint: 'Do not use this source. Report it to the archive that publishes it.',
    where: faults.map((message) => ({ file: listing.dsc, message })),
  });
}
