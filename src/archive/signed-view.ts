/**
 * The Release files of a view as a client sees them. Each is judged separately: whose signature is on which
 * text, and which of the three files is faulty if they disagree. It trusts no file without a valid signature.
 */
import { parseRelease, type Release } from '../deb/release-file.js';
import { LockstepError } from '../errors.js';
import { armorFault, clearsignedFault } from '../signing/exact-armor.js';
import { lastEnd } from '../signing/key-end.js';
import { verifyClearsigned, verifyDetached, type Taken, type Verdict } from '../signing/verifier.js';
import { findingOf, type Finding } from '../snapshot/finding.js';
import { keyOfSuite } from './layout.js';
import type { ArchivePort } from './port.js';
import { readReleaseBytes, type ReleaseBytes } from './publication.js';
import { releaseIn } from './release.js';
import type { ArchiveFinding } from './remedy.js';

export interface SignedView {
  /** Its folder. */
  view: string;
  /** Whether any of the three files is there. */
  there: boolean;
  /** What the key vouches for, or null. */
  release: Release | null;
  /** Its text. */
  text: string | null;
  /** Fingerprints of the keys that signed InRelease and Release.gpg; undefined where that is not good. */
  signers: { inline: readonly string[] | undefined; detached: readonly string[] | undefined };
  /** End of the key that signed InRelease; null: it has none; undefined: it is not known. */
  keyEnds: Date | null | undefined;
  /** The latest Date that is vouched for, in seconds: the next one must be later. */
  latestDate: number | null;
  findings: ArchiveFinding[];
}

const resign = 'lockstep verify --repair signs it again';

/** The archive's public keys, and how its Release files were taken. */
interface ViewTrust {
  keyring: Uint8Array;
  taken: Taken;
}

/**
 * Reads and judges the Release files of a view.
 *
 * @throws LockstepError DISK_IO, KEYRING_INVALID
 */
export async function readSignedView(port: ArchivePort, view: string, trust: ViewTrust): Promise<SignedView> {
  return await judgeView(view, await readReleaseBytes(port, view), trust);
}

/** Judges Release files that were read. @throws LockstepError KEYRING_INVALID */
export async function judgeView(
  view: string,
  { inline, plain, signature: detached }: ReleaseBytes,
  { keyring, taken }: ViewTrust,
): Promise<SignedView> {
  const trust = { keyring, taken: isOfOneKey(view) ? { ...taken, ends: undefined } : taken };
  const path = { inline: `${view}/InRelease`, plain: `${view}/Release`, detached: `${view}/Release.gpg` };
  const findings: ArchiveFinding[] = [];
  const find = (finding: Omit<Finding, 'code' | 'hint'> & Partial<Finding>): void => {
    const base = { code: 'ARCHIVE_INVALID', hint: resign } as const;
    findings.push({ ...base, ...finding, remedy: { kind: 'release', view } });
  };
  const missing = (file: string): void => find({ kind: 'missing', path: file, message: 'It is missing' });
  const there = [inline, plain, detached].some((file) => file !== undefined);

  const clear = inline === undefined ? undefined : await judgeInline(inline, path.inline, trust);
  if (inline === undefined) missing(path.inline);
  else if (clear?.finding !== undefined) find(clear.finding);

  const verdict = async (text: string | Uint8Array | undefined): Promise<Verdict | undefined> => {
    if (text === undefined || detached === undefined) return undefined;
    return await verifyDetached(text, detached, trust.keyring, { taken: trust.taken, subject: path.plain });
  };
  const onPlain = await verdict(plain);
  // Release.gpg signs the text of InRelease, so each of the two can show that Release is wrong
  const onText = onPlain?.result === 'good' ? onPlain : await verdict(clear?.text);
  const plainText = onPlain?.result === 'good' && plain !== undefined ? plain.toString('utf8') : undefined;
  const text = clear?.text ?? plainText ?? null;

  if (plain === undefined) missing(path.plain);
  else if (clear?.text !== undefined && plain.toString('utf8') !== clear.text) {
    const message = 'It differs from InRelease, whose signature is valid';
    find({ kind: onPlain?.result === 'good' ? 'contradiction' : 'damaged', path: path.plain, message });
  } else if (text === null) {
    const said = onPlain === undefined ? 'it has no signature' : onPlain.reason;
    find({
      kind: 'signature',
      code: 'VERIFY_BAD_SIGNATURE',
      path: path.plain,
      message: `Its content is not verified: ${said}`,
    });
  }

  if (detached === undefined) missing(path.detached);
  else {
    const form = armorFault(detached.toString('latin1'));
    const bad = text !== null && onText !== undefined && onText.result !== 'good' ? onText.reason : null;
    if (bad !== null || form !== null) {
      const said = bad === null ? `It was changed: ${form}` : `Its signature is not accepted: ${bad}`;
      find({ kind: 'signature', code: 'VERIFY_BAD_SIGNATURE', path: path.detached, message: said });
    }
  }
  const release =
    text === null ? null : parsed(text, clear?.text === undefined ? path.plain : path.inline, find);
  // A crash may have left a newer Release than InRelease. Dates that nobody vouches for bind nobody
  const dates = [text, plainText].flatMap((each) => releaseIn(each ?? undefined)?.date ?? []);
  return {
    view,
    there,
    release,
    text,
    signers: {
      inline: clear?.signers,
      detached: onText?.result === 'good' ? goodOf(onText) : undefined,
    },
    keyEnds: clear?.keyEnds,
    latestDate: dates.length === 0 ? null : Math.max(...dates),
    findings: there ? findings : [],
  };
}

/** The suite of a key is signed by that one, also after it has handed over. */
function isOfOneKey(view: string): boolean {
  return keyOfSuite(view.slice(view.lastIndexOf('/') + 1)) !== undefined;
}

async function judgeInline(
  bytes: Buffer,
  path: string,
  trust: { keyring: Uint8Array; taken: Taken },
): Promise<{
  text?: string;
  signers?: string[];
  keyEnds?: Date | null | undefined;
  finding?: Finding;
}> {
  try {
    const { text, signers } = await verifyClearsigned(bytes, trust.keyring, {
      taken: trust.taken,
      subject: path,
    });
    const names = signers.map(({ fingerprint }) => fingerprint);
    const form = clearsignedFault(bytes);
    const judged = { text, signers: names, keyEnds: lastEnd(signers.map((one) => one.keyEnds)) };
    if (form === null) return judged;
    const message = `It was changed: ${form}`;
    return { ...judged, finding: { code: 'VERIFY_MALFORMED', kind: 'damaged', path, message, hint: resign } };
  } catch (error) {
    return { finding: findingOf(error, { kind: 'signature', path, hint: hintOf(error) }) };
  }
}

function goodOf({ signatures }: Verdict): string[] {
  return signatures.flatMap(({ result, fingerprint }) =>
    result === 'good' && fingerprint !== undefined ? [fingerprint] : [],
  );
}

function hintOf(error: unknown): string {
  return error instanceof LockstepError && error.code === 'VERIFY_UNKNOWN_KEY'
    ? 'If an earlier key of this archive signed it, sign it again with: lockstep refresh --former-key FILE'
    : resign;
}

function parsed(text: string, path: string, find: (finding: Finding) => void): Release | null {
  try {
    return parseRelease(text, path);
  } catch (error) {
    find(findingOf(error, { kind: 'damaged', path, hint: resign }));
    return null;
  }
}
