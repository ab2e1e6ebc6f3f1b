/**
 * The first link of the chain of proof: a suite's InRelease, signed by the
 * distribution's keyring, of the suite that was asked for, and not out of
 * date. It fetches that one file; the indices it vouches for are apt-index.ts's.
 */
import { aptMaxFutureMs } from '../deb/apt-limits.js';
import { parseRelease, type Release } from '../deb/release-file.js';
import { LockstepError } from '../errors.js';
import { collect, watched } from '../deb/bytes.js';
import { readIfThere, sha256Of } from '../io/disk.js';
import type { AskOnce, Refusal } from '../io/http.js';
import { refusalsOf } from '../io/http-places.js';
import { lastEnd } from '../signing/key-end.js';
import { readPublicKeys } from '../signing/keys.js';
import { verifyClearsigned, type SignedBy } from '../signing/verifier.js';
import { ArchiveRoots } from './archive-roots.js';
import { readCached, writeCached } from './cache-file.js';
import { assertNotOlder, baseReleaseFileOf, withBothClocks } from './release-age.js';
import { sessionOf, type SourceContext } from './source-context.js';
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
  etag?: string | undefined;
  lastModified?: string | undefined;
}

/** A suite whose InRelease is proven. */
export interface VerifiedRelease {
  role: SuiteRole;
  suite: string;
  /** All mirrors of its archive: what it lists may come from any. */
  archive: ArchiveRoots;
  release: Release;
  sha256: string;
  /** Fingerprints of the keys that vouch for it. */
  signers: string[];
  /** Who said that dates are not to be checked, if anybody did. */
  datesIgnored: string | null;
}

/** Debian's largest is 160 KB; this is only so that a mirror cannot fill the memory. */
const maxBytes = 4 * 1024 * 1024;

interface Keyring {
  bytes: Buffer;
  sha256: string;
}

async function keyringOf(context: SourceContext): Promise<Keyring> {
  return await sessionOf(context).once('keyring', async () => {
    const bytes = await readIfThere(context.keyring);
    if (bytes === undefined) {
      throw new LockstepError('KEYRING_MISSING', {
        message: `The keyring of the base distribution does not exist: ${context.keyring}`,
        hint: 'Install the package debian-archive-keyring.',
        where: [{ file: context.keyring }],
      });
    }
    return { bytes, sha256: sha256Of(bytes) };
  });
}

/**
 * Fetches and verifies the InRelease of a suite from the first mirror with a valid one. A mirror is also
 * skipped if its InRelease is for another suite, or is wrongly signed or dated.
 * @throws LockstepError KEYRING_MISSING, VERIFY_*, SOURCE_EXPIRED, SOURCE_FUTURE, SOURCE_OLDER,
 * SOURCE_SUITE_SWAPPED, MIRROR_UNKNOWN (a place that was only guessed has nothing), NET_*
 */
export async function openRelease(place: SuitePlace, context: SourceContext): Promise<VerifiedRelease> {
  const { suite, uris, derived } = place;
  const urls = uris.map((uri) => `${uri}/dists/${suite}/InRelease`);
  const known = await knownReleases(urls, await keyringOf(context), context);
  const onRefusal = ({ url, said }: Refusal): void =>
    context.phase?.info(`${suite}: ${url}: ${said}; trying the next mirror`);
  try {
    return await context.http.anywhere(
      urls,
      { signal: context.signal, isOfPlace, onRefusal },
      async (url, once) => await openAt(url, place, known, once, context),
    );
  } catch (error) {
    const refusals = refusalsOf(error, urls[0]!);
    if (!derived || refusals?.every((one) => one.error.code === 'NET_NOT_FOUND') !== true) throw error;
    throw new LockstepError('MIRROR_UNKNOWN', {
      message: `No ${suite} at ${uris.join(' or ')}; the address is a guess (${place.from})`,
      hint: 'Set the address of the security archive in LOCKSTEP_MIRROR_SECURITY, or in mirror.security of lockstep.yaml.',
      cause: error,
    });
  }
}

/** Faults of what one mirror gave; another may do better. */
function isOfPlace(error: unknown): error is LockstepError {
  if (!(error instanceof LockstepError)) return false;
  return (
    /^(?:NET|VERIFY)_/.test(error.code) ||
    ['SOURCE_EXPIRED', 'SOURCE_FUTURE', 'SOURCE_OLDER', 'SOURCE_SUITE_SWAPPED'].includes(error.code)
  );
}

/** What was fetched and held before, by address. */
type KnownReleases = ReadonlyMap<string, { verified: Verified; release: Release }>;

async function knownReleases(
  urls: readonly string[],
  keyring: Keyring,
  context: SourceContext,
): Promise<KnownReleases> {
  const known = new Map<string, { verified: Verified; release: Release }>();
  for (const url of urls) {
    const verified = await readCached<Verified>(context, 'releases', sha256Of(url));
    if (verified?.keyring !== keyring.sha256) continue;
    known.set(url, { verified, release: parseRelease(verified.text, url) });
  }
  return known;
}

async function openAt(
  url: string,
  place: SuitePlace,
  known: KnownReleases,
  once: AskOnce,
  context: SourceContext,
): Promise<VerifiedRelease> {
  const now = context.clock.now();
  const own = known.get(url)?.verified;
  // One whose keys have expired since comes in as if it were the first time
  const answer = await fetchRelease(url, holdsAt(own, now) ? own : undefined, once);
  try {
    return await proven(answer, url, { place, known, own, now }, context);
  } catch (error) {
    throw isOfPlace(error) ? withBothClocks(error, answer.served, now) : error;
  }
}

interface Proving {
  place: SuitePlace;
  known: KnownReleases;
  own: Verified | undefined;
  now: Date;
}

async function proven(
  { fetched }: Answer,
  url: string,
  { place, known, own, now }: Proving,
  context: SourceContext,
): Promise<VerifiedRelease> {
  const subject = `InRelease of ${place.suite}`;
  const keyring = await keyringOf(context);
  let verified = own;
  if (fetched !== null && (fetched.sha256 !== own?.sha256 || !holdsAt(own, now))) {
    const { text, signers } = await verifyClearsigned(fetched.bytes, keyring.bytes, {
      taken: { kind: 'arriving', now: new Date(now.getTime() + aptMaxFutureMs) },
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
  // As apt does: an old InRelease is never believed after a newer one was seen, be it from another mirror, or a
  // mirror could hold back a security fix by playing back the past.
  for (const [from, before] of known) {
    if (before.release.date <= release.date) continue;
    const whose = from === url ? 'it had' : `${from} had`;
    context.phase?.info(
      `${subject}: ${url} is older than the InRelease that ${whose} before; the newer one is kept`,
    );
    ({ verified, release } = before);
  }
  assertSuite(release, place, url);
  assertInTime(release, place, now, url);
  const { role, suite, uris, datesIgnoredBy: datesIgnored } = place;
  const { sha256, signers } = verified;
  const opened = { role, suite, archive: new ArchiveRoots(uris), release, sha256, signers, datesIgnored };
  // What the cache remembers goes with it; what a snapshot was made from does not
  await assertNotOlder(baseReleaseFileOf(opened), context.floor, {
    url,
    isKnown: async (fingerprints) => {
      const keys = await readPublicKeys(keyring.bytes, context.keyring);
      return keys.some(({ fingerprint }) => fingerprints.includes(fingerprint));
    },
  });
  if (![...known.values()].some((one) => one.verified === verified)) {
    await writeCached(context, 'releases', sha256Of(url), verified);
  }
  return opened;
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

interface Answer {
  /** Null when the server says that the known one is still it. */
  fetched: Fetched | null;
  /** What the clock of the server said; null where there is none. */
  served: Date | null;
}

async function fetchRelease(url: string, known: Verified | undefined, once: AskOnce): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (known?.etag !== undefined) headers['if-none-match'] = known.etag;
  if (known?.lastModified !== undefined) headers['if-modified-since'] = known.lastModified;
  const answer = await once(url, { headers });
  try {
    const { date, etag, 'last-modified': lastModified } = answer.headers;
    const served = date === undefined ? null : new Date(date);
    if (answer.status === 304 && known !== undefined) return { fetched: null, served };
    if (Number(answer.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(url);
    const body = watched(answer.body, (_, total) => {
      if (total > maxBytes) throw tooLarge(url);
    });
    const bytes = await collect(body);
    return { fetched: { bytes, sha256: sha256Of(bytes), validators: { etag, lastModified } }, served };
  } finally {
    answer.discard();
  }
}

function tooLarge(url: string): LockstepError {
  return new LockstepError('NET_TOO_LARGE', {
    message: `${url} is too large for an InRelease`,
    hint: 'Use another mirror (LOCKSTEP_MIRROR).',
    where: [{ value: url }],
  });
}

/** A genuine InRelease of another suite, for example of an older release, must not replace this one. */
function assertSuite(release: Release, place: SuitePlace, url: string): void {
  const is = release.codename ?? release.suite;
  if (is === place.suite) return;
  throw new LockstepError('SOURCE_SUITE_SWAPPED', {
    message: `${url} is the InRelease of ${is ?? 'an unnamed suite'}, not of ${place.suite}`,
    hint: 'The mirror is misconfigured or under attack. Use another mirror.',
    where: [{ file: url, path: 'Codename', value: is ?? '' }],
  });
}

function assertInTime(release: Release, place: SuitePlace, now: Date, url: string): void {
  if (place.datesIgnoredBy !== null) return;
  // Which of the two it is, withBothClocks says where the server says its time
  const hint =
    'The mirror no longer follows the archive, or the clock of this machine is wrong. Use another mirror (LOCKSTEP_MIRROR), or correct the clock.';
  const show = (seconds: number): string => new Date(seconds * 1000).toISOString();
  if (release.date * 1000 > now.getTime() + aptMaxFutureMs) {
    throw new LockstepError('SOURCE_FUTURE', {
      message: `The InRelease of ${place.suite} is dated ${show(release.date)}, but the clock of this machine says ${now.toISOString()}`,
      hint,
      where: [{ file: url, path: 'Date' }],
    });
  }
  if (release.validUntil !== null && release.validUntil * 1000 < now.getTime()) {
    throw new LockstepError('SOURCE_EXPIRED', {
      message: `The InRelease of ${place.suite} was valid until ${show(release.validUntil)}, but the clock of this machine says ${now.toISOString()}`,
      hint,
      where: [{ file: url, path: 'Valid-Until' }],
    });
  }
  // A point release and the updates of an old release are never signed again; security always is
  if (release.validUntil === null && place.role === 'security') {
    throw new LockstepError('SOURCE_EXPIRED', {
      message: `The InRelease of ${place.suite} has no Valid-Until, so a mirror could hide newer fixes`,
      hint,
      where: [{ file: url, path: 'Valid-Until' }],
    });
  }
}
