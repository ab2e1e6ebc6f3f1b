/**
 * Signs with several keys at once, while machines know one key or the other: apt accepts a file that any
 * known key has signed.
 */
import { formatClearsigned, signableText, splitClearsigned } from './clearsigned.js';
import { armorText, dearmor } from './keys.js';
import { loadOpenpgp, signingConfig } from './openpgp.js';
import type { Signer } from './signer-port.js';

/**
 * A signer that combines the signatures of all signers, in their order.
 *
 * @param signers at least one; all of them sign with the same hash
 */
export function severalSigners(signers: readonly [Signer, ...Signer[]]): Signer {
  const [first, ...others] = signers;
  if (others.length === 0) return first;
  return {
    fingerprint: first.fingerprint,
    clearsign: async (text, date, what) => {
      const signed = await first.clearsign(text, date, what);
      const hash = /^Hash: (.*)$/m.exec(signed.slice(0, 256))?.[1] ?? '';
      const armored: string[] = [];
      for (const file of [signed, ...(await inTurn(others, (one) => one.clearsign(text, date, what)))]) {
        armored.push(splitClearsigned(Buffer.from(file)).signature);
      }
      return formatClearsigned(signableText(text), await oneArmor(armored), hash);
    },
    detached: async (data, date, what) =>
      await oneArmor(await inTurn(signers, (one) => one.detached(data, date, what))),
    publicKey: async () => await oneKeyring(await inTurn(signers, (one) => one.publicKey())),
  };
}

/**
 * Public keys as one file each: a single armored block, as apt requires in a .sources file.
 *
 * @param keys at least one
 */
export async function oneKeyring(
  keys: readonly { armored: string; binary: Uint8Array }[],
): Promise<{ armored: string; binary: Uint8Array }> {
  const [first] = keys;
  // A single key stays byte for byte as its owner exported it
  if (keys.length === 1) return first!;
  const binary = new Uint8Array(Buffer.concat(keys.map((key) => key.binary)));
  return { armored: await armorOf('publicKey', binary), binary };
}

async function oneArmor(armored: readonly string[]): Promise<string> {
  const packets = await Promise.all(armored.map((block) => dearmor(block)));
  return await armorOf('signature', new Uint8Array(Buffer.concat(packets)));
}

async function armorOf(kind: 'publicKey' | 'signature', bytes: Uint8Array): Promise<string> {
  const openpgp = await loadOpenpgp();
  const config = signingConfig(openpgp);
  const type = openpgp.enums.armor[kind];
  return armorText(openpgp.armor(type, bytes, undefined, undefined, undefined, true, config));
}

/** One after the other: two prompts for a card at once confuse. */
async function inTurn<A, B>(all: readonly A[], work: (one: A) => Promise<B>): Promise<B[]> {
  const done: B[] = [];
  for (const one of all) done.push(await work(one));
  return done;
}
