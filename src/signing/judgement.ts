/**
 * Owns the judgement of one signature by openpgp.js: does it hold, was its key
 * fit to make it, and would today's apt trust how it was made. Never says `good`
 * before all three are known.
 */
import type { Config, Key, SignaturePacket, Subkey } from 'openpgp';
import type { GpgvRequest } from './gpgv.js';
import { keyEnd } from './key-end.js';
import { fingerprintOf } from './keys.js';
import type { OpenPgpModule } from './openpgp.js';
import { errorText, laxConfig, strictConfig } from './openpgp.js';
import { isDatedAhead, keyTime, signatureTime, stoppedBefore } from './taken.js';
import type { JudgedSignature, SignatureResult } from './verdict.js';

/** `text` is for a clearsigned file: only type 0x01 may be there. */
export interface JudgementContext extends Pick<GpgvRequest, 'data' | 'kind' | 'taken'> {
  openpgp: OpenPgpModule;
  keys: Key[];
}

/** A judgement, and whether gpgv may know better: only where the library lacks something. */
export interface Judgement {
  signature: JudgedSignature;
  askGpgv: boolean;
}

/** Judges one signature packet. Rejects on nothing a signature's author can cause. */
export async function judgeSignature(packet: SignaturePacket, context: JudgementContext): Promise<Judgement> {
  const keyId = packet.issuerKeyID.toHex().toUpperCase();
  const created = packet.created;
  const base = { keyId, engine: 'openpgp' as const, ...(created === null ? {} : { created }) };
  const found = findKey(packet, context.keys);
  if (!found) {
    return settled({ ...base, result: 'unknown-key', reason: `key ${keyId} is not in the keyring` });
  }
  const { key, signer } = found;
  const known = {
    ...base,
    fingerprint: fingerprintOf(key),
    signingKey: fingerprintOf(signer),
  };
  const say = (result: SignatureResult, reason: string): Judgement => settled({ ...known, result, reason });
  const { taken } = context;

  const { binary, text } = context.openpgp.enums.signature;
  if (packet.signatureType !== text && (context.kind === 'text' || packet.signatureType !== binary)) {
    return say('bad', 'it is not a signature for this kind of file');
  }
  if (created === null) return say('bad', 'it has no date');

  const lax = laxConfig(context.openpgp);
  const strict = strictConfig(context.openpgp);
  const crypto = await failureOf(() => checkCrypto(packet, signer, created, context, lax));
  if (crypto !== undefined) {
    if (/digest did not match|verification failed/.test(crypto)) {
      return say('bad', 'it does not match the signed data');
    }
    return { ...say('unverifiable', `openpgp.js cannot check it: ${crypto}`), askGpgv: true };
  }

  if (created < signer.getCreationTime()) return say('bad', 'it is older than its key');
  if (isDatedAhead(created, taken)) {
    return say('bad', `its date is in the future (${created.toISOString()})`);
  }
  const stopped = stoppedBefore(created, known.fingerprint, taken);
  if (stopped !== null) {
    return say(
      'stopped',
      `its key is not trusted since ${stopped.toISOString()}, before the signature was made`,
    );
  }
  if (packet.getExpirationTime() <= signatureTime(created, taken)) {
    return say('expired', 'the signature has expired');
  }

  const fitness = await unfitness(found, created, context.openpgp, lax);
  if (fitness !== undefined) {
    if (/revoked\b(?! with)/.test(fitness)) return say('revoked', 'its key is revoked');
    if (/expired/i.test(fitness)) return say('expired', 'its key had expired when it was made');
    return {
      ...say('unverifiable', `its key cannot be checked: ${fitness}`),
      // Not for a key that lacks the right to sign: gpgv may not look at that
      askGpgv: /unknown critical|authorized key|not support|unsupported/i.test(fitness),
    };
  }

  const later = keyTime(taken);
  const since = later === null ? undefined : await unfitAt(found, later, lax);
  if (since !== undefined) {
    if (/revoked\b(?! with)/.test(since)) {
      return say('revoked', 'its key was revoked later, so the date of the signature proves nothing');
    }
    const end = await keyEnd(key, signer, created, lax);
    const when = end instanceof Date ? ` on ${end.toISOString().slice(0, 10)}` : '';
    return say('expired', `its key expired${when}, so the date of the signature proves nothing`);
  }

  const weakHash = await failureOf(() => checkCrypto(packet, signer, created, context, strict));
  if (weakHash !== undefined) return say('weak', `it is valid, but no longer secure: ${weakHash}`);
  const weakKey = await unfitness(found, created, context.openpgp, strict);
  if (weakKey !== undefined) {
    const { algorithm, bits } = signer.getAlgorithmInfo();
    const kind = bits === undefined ? algorithm : `${algorithm}, ${bits} bits`;
    return say('weak', `it is valid, but its key (${kind}) is no longer secure: ${weakKey}`);
  }
  if (context.kind === 'detached' && packet.signatureType === text) {
    return say('weak', 'it is a text signature, which does not cover line endings');
  }
  const keyEnds = await keyEnd(key, signer, later ?? created, lax);
  const good = { ...known, result: 'good', reason: `signed by ${known.fingerprint}` } as const;
  return settled(keyEnds === undefined ? good : { ...good, keyEnds });
}

function settled(signature: JudgedSignature): Judgement {
  return { signature, askGpgv: false };
}

interface Issuer {
  /** The whole key, whose primary part vouches for the signer. */
  key: Key;
  /** The primary key or subkey that signed. */
  signer: Key | Subkey;
}

function findKey(packet: SignaturePacket, keys: Key[]): Issuer | undefined {
  const wanted =
    packet.issuerFingerprint === null ? undefined : Buffer.from(packet.issuerFingerprint).toString('hex');
  for (const key of keys) {
    for (const signer of key.getKeys(packet.issuerKeyID)) {
      if (wanted === undefined || signer.getFingerprint() === wanted) return { key, signer };
    }
  }
  return undefined;
}

async function checkCrypto(
  packet: SignaturePacket,
  signer: Key | Subkey,
  created: Date,
  { openpgp, data, kind }: JudgementContext,
  config: Config,
): Promise<void> {
  const type = kind === 'text' ? openpgp.enums.signature.text : packet.signatureType;
  if (type === null) throw new Error('no signature type');
  const message = await openpgp.createMessage({ binary: data });
  const literal = message.packets[0];
  if (literal === undefined) throw new Error('no data');
  // Judged at its own date: whether that date is acceptable is asked separately
  await packet.verify(signer.keyPacket, type, literal, created, true, config);
}

/**
 * Why a key was not fit to sign at a date; nothing if it was. A key that was
 * renewed, then exported without its older self-signatures, has none as old as
 * the signature: it is then judged by the first one it has, which (as with gpg)
 * speaks for the whole life of the key.
 */
async function unfitness(
  { key, signer }: Issuer,
  created: Date,
  openpgp: OpenPgpModule,
  config: Config,
): Promise<string | undefined> {
  // A hard revocation counts at any date, a soft one (retired, superseded) from its own on
  if (await key.isRevoked(undefined, undefined, created, config)) return 'the primary key is revoked';
  const later = selfSignatures(key, openpgp)
    .map((signature) => signature.created)
    .filter((date): date is Date => date !== null && date > created)
    .sort((a, b) => a.getTime() - b.getTime());
  let first: string | undefined;
  for (const date of [created, ...later]) {
    const failure = await failureOf(() => key.getSigningKey(signer.getKeyID(), date, undefined, config));
    if (failure === undefined) return undefined;
    // Revocation and expiry say more than "no self-signature yet", which comes first
    if (first === undefined || /revoked|expired/i.test(failure)) first = failure;
  }
  return first;
}

/**
 * Why a key that was valid when it signed is not valid at a later time; nothing if it is. Any revocation
 * before that time counts, also a soft one.
 */
async function unfitAt({ key, signer }: Issuer, date: Date, config: Config): Promise<string | undefined> {
  if (await key.isRevoked(undefined, undefined, date, config)) return 'the primary key is revoked';
  return await failureOf(() => key.getSigningKey(signer.getKeyID(), date, undefined, config));
}

function selfSignatures(key: Key, { SignaturePacket, enums }: OpenPgpModule): SignaturePacket[] {
  const direct = key
    .toPacketList()
    .filter((packet) => packet instanceof SignaturePacket)
    .filter((signature) => signature.signatureType === enums.signature.key);
  return [
    ...direct,
    ...key.users.flatMap((user) => user.selfCertifications),
    ...key.subkeys.flatMap((subkey) => subkey.bindingSignatures),
  ];
}

async function failureOf(check: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}
