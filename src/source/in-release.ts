/**
 * The first link of the chain of proof: a suite's InRelease, signed by the
 * distribution's keyring, of the suite that was asked for, and not out of
 * date. It fetches that one file; the indices it vouches for are apt-index.ts's.
 */
import { parseRelease, type Release } from '../deb/release-file.js';
import { LockstepError } from '../errors.js';
import { collect } from '../io/bytes.js';
import { readIfThere, sha256Of } from '../io/disk.js';
import type { Phase } from '../io/progress.js';
import { lastEnd } from '../signing/key-end.js';
import { verifyClearsigned, type SignedBy } from '../signing/verifier.js';
import { readCached, writeCached } from './cache-file.js';
import { sessionOf, signalOf, type SourceContext } from './context.js';
import type { SuitePlace, SuiteRole } from './mirror.js';

/** What is remembered of an InRelease whose signature held. */
interface Verified {
  /** Of the InRelease as it was fetched. */
  sha256: string;
  /** Of the keyring it was checked with: with another keyring the verdict is worth nothing. */
  keyring: string;
  /** The text that was signed. */
  text: string;
  signers: string[];
  /** ISO 8601: from then on the keys that signed prove nothing. Null: they have no end. */
  until: string | null;
  etag?: string;
  lastModified?: string;
}

/** A suite whose InRelease is proven. */
export interface VerifiedRelease {
  role: SuiteRole;
  suite: string;
  /** The archive root that answered. */
  uri: string;
  release: Release;
  sha256: string;
  /** Fingerprints of the keys that vouch for it. */
  signers: string[];
  /** Who said that dates are not to be checked, if anybody did. */
  datesIgnored: string | null;
}

/** Debian's largest is 160 KB; this is only so that a mirror cannot fill the memory. */
const maxBytes = 16 * 1024 * 1024;

/** apt's Acquire::Max-FutureTime, in milliseconds. */
const futureAllowance = 10_000;

interface Keyring {
  bytes: Buffer;
  sha256: string;
}

async function keyringOf(context: SourceContext): Promise<Keyring> {
  return await sessionOf(context).once('keyring', async () => {
    const bytes = await readIfThere(context.keyring);
    if (bytes === undefined) {
      throw new LockstepError('KEYRING_MISSING', {
        message: `The keyring of the base distribution is not there: ${context.keyring}`,
        hint: 'Install the package debian-archive-keyring.',
        where: [{ file: context.keyring }],
      });
    }
    return { bytes, sha256: sha256Of(bytes) };
  });
}

/**
 * Fetches and proves the InRelease of a suite, from the first of its places
 * that can be reached.
 * @throws LockstepError KEYRING_MISSING, VERIFY_*, SOURCE_EXPIRED, SOURCE_FUTURE, SOURCE_SUITE_SWAPPED,
 * MIRROR_UNKNOWN (a place that was only guessed has nothing), NET_*
 */
export async function openRelease(
  place: SuitePlace,
  context: SourceContext,
  phase: Phase,
): Promise<VerifiedRelease> {
  for (const [index, uri] of place.uris.entries()) {
    try {
      return await openAt(uri, place, context, phase);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      if (error.code.startsWith('NET_') && index < place.uris.length - 1) {
        phase.info(`${place.suite}: ${error.message}; asking the next mirror`);
        continue;
      }
      if (error.code === 'NET_NOT_FOUND' && place.derived) {
        throw new LockstepError('MIRROR_UNKNOWN', {
          message: `There is no ${place.suite} at ${uri}, which is only a guess (${place.from})`,
          hint: 'Say where the security archive is: LOCKSTEP_MIRROR_SECURITY, or mirror.security in lockstep.yaml.',
          cause: error,
        });
      }
      throw error;
    }
  }
  throw new LockstepError('MIRROR_UNKNOWN', { message: `No address is known for ${place.suite}` });
}

async function openAt(
  uri: string,
  place: SuitePlace,
  context: SourceContext,
  phase: Phase,
): Promise<VerifiedRelease> {
  const url = `${uri}/dists/${place.suite}/InRelease`;
  const name = sha256Of(url);
  const subject = `InRelease of ${place.suite}`;
  const [keyring, kept] = await Promise.all([
    keyringOf(context),
    readCached<Verified>(context, 'releases', name),
  ]);
  const now = context.clock.now();
  const known = kept?.keyring === keyring.sha256 ? kept : undefined;
  // One whose keys have expired since comes in as if it were the first time
  const fetched = await fetchRelease(url, holdsAt(known, now) ? known : undefined, context);
  let verified = known;
  if (fetched !== null && (fetched.sha256 !== known?.sha256 || !holdsAt(known, now))) {
    const { text, signers } = await verifyClearsigned(fetched.bytes, keyring.bytes, {
      taken: { kind: 'arriving', now: new Date(now.getTime() + futureAllowance) },
      subject: `${subject} (${url})`,
    });
    verified = {
      sha256: fetched.sha256,
      keyring: keyring.sha256,
      text,
      signers: signers.map(({ fingerprint }) => fingerprint),
      until: endOf(signers, now),
      ...fetched.validators,
    };
  }
  if (verified === undefined) throw new TypeError('an answer of 304 to a request without validators');
  let release = parseRelease(verified.text, url);
  if (known !== undefined && verified !== known) {
    const before = parseRelease(known.text, url);
    if (before.date > release.date) {
      // As apt does: an old InRelease is never believed after a newer one was seen, or a mirror
      // could hold back a security fix by playing back the past.
      phase.info(`${subject}: the mirror is behind what it had before; the newer one is kept`);
      verified = known;
      release = before;
    }
  }
  assertSuite(release, place, url);
  assertInTime(release, place, now, url);
  if (verified !== known) await writeCached(context, 'releases', name, verified);
  const { sha256, signers } = verified;
  const datesIgnored = place.checkDates ? null : place.from;
  return { role: place.role, suite: place.suite, uri, release, sha256, signers, datesIgnored };
}

function holdsAt(known: Verified | undefined, now: Date): boolean {
  // A record of an earlier Lockstep does not say it
  return known?.until === null || (known?.until !== undefined && new Date(known.until) > now);
}

/** The last end of the keys, as one good signature is enough; at once where it is not known of any. */
function endOf(signers: readonly SignedBy[], now: Date): string | null {
  const end = lastEnd(signers.map(({ keyEnds }) => keyEnds));
  return end === null ? null : (end ?? now).toISOString();
}

interface Fetched {
  bytes: Buffer;
  sha256: string;
  validators: Pick<Verified, 'etag' | 'lastModified'>;
}

/** The InRelease, or null when the server says that the known one is still it. */
async function fetchRelease(
  url: string,
  known: Verified | undefined,
  context: SourceContext,
): Promise<Fetched | null> {
  const headers: Record<string, string> = {};
  if (known?.etag !== undefined) headers['if-none-match'] = known.etag;
  if (known?.lastModified !== undefined) headers['if-modified-since'] = known.lastModified;
  const answer = await context.http.get(url, { ...signalOf(context), headers });
  if (answer.status === 304 && known !== undefined) {
    answer.discard();
    return null;
  }
  let bytes: Buffer;
  try {
    const announced = Number(answer.headers['content-length'] ?? 0);
    if (announced > maxBytes) throw tooLarge(url);
    bytes = await collect(limited(answer.body, url));
  } catch (error) {
    // A body that broke off is asked for again as a whole, with the client's own retries
    const code = error instanceof LockstepError ? error.code : '';
    if (code !== 'NET_TRUNCATED' && code !== 'NET_STALLED') throw error;
    bytes = await context.http.bytes(url, { ...signalOf(context), maxBytes });
  } finally {
    answer.discard();
  }
  const { etag, 'last-modified': lastModified } = answer.headers;
  return {
    bytes,
    sha256: sha256Of(bytes),
    validators: {
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { lastModified }),
    },
  };
}

async function* limited(body: AsyncIterable<Buffer>, url: string): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(url);
    yield piece;
  }
}

function tooLarge(url: string): LockstepError {
  return new LockstepError('NET_TOO_LARGE', {
    message: `${url} is larger than any InRelease`,
    hint: 'Use another mirror (LOCKSTEP_MIRROR).',
    where: [{ value: url }],
  });
}

/** A genuine InRelease of another suite, an older release's for one, must not stand in for this one. */
function assertSuite(release: Release, place: SuitePlace, url: string): void {
  const is = release.codename ?? release.suite;
  if (is === place.suite) return;
  throw new LockstepError('SOURCE_SUITE_SWAPPED', {
    message: `${url} is the InRelease of ${is ?? 'no suite it names'}, not of ${place.suite}`,
    hint: 'The mirror is wrongly set up or somebody is playing tricks; use another mirror.',
    where: [{ file: url, path: 'Codename', value: is ?? '' }],
  });
}

function assertInTime(release: Release, place: SuitePlace, now: Date, url: string): void {
  if (!place.checkDates) return;
  const hint =
    'The mirror has stopped following the archive, or this clock is wrong; use another mirror (LOCKSTEP_MIRROR).';
  const show = (seconds: number): string => new Date(seconds * 1000).toISOString();
  if (release.date * 1000 > now.getTime() + futureAllowance) {
    throw new LockstepError('SOURCE_FUTURE', {
      message: `The InRelease of ${place.suite} is dated ${show(release.date)}; here it is ${now.toISOString()}`,
      hint: 'Set the clock of this machine.',
      where: [{ file: url, path: 'Date' }],
    });
  }
  if (release.validUntil !== null && release.validUntil * 1000 < now.getTime()) {
    throw new LockstepError('SOURCE_EXPIRED', {
      message: `The InRelease of ${place.suite} was valid until ${show(release.validUntil)}; here it is ${now.toISOString()}`,
      hint,
      where: [{ file: url, path: 'Valid-Until' }],
    });
  }
  // A point release is never signed anew, and the updates of an old one neither; security always is
  if (release.validUntil === null && place.role === 'security') {
    throw new LockstepError('SOURCE_EXPIRED', {
      message: `The InRelease of ${place.suite} has no Valid-Until, so fixes could be held back unseen`,
      hint,
      where: [{ file: url, path: 'Valid-Until' }],
    });
  }
}
