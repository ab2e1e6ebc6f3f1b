/** How much of a package is read: what a package needs that was made to harm, and no other does. */
import { LockstepError } from '../errors.js';
import type { MemberName } from './member-name.js';

/** Limits of one package. */
export interface DebBudget {
  /** Members of data.tar. */
  readonly members: number;
  /** Bytes of all their names together. */
  readonly nameBytes: number;
  /** Members of the control archive. */
  readonly controlMembers: number;
  /** Bytes of the control archive, unpacked. */
  readonly controlBytes: number;
  /** Bytes of `control`, and of `conffiles` and `triggers`, each. */
  readonly controlFileBytes: number;
  /** Bytes of data.tar, unpacked. */
  readonly dataBytes: number;
  /** The largest ratio of unpacked to packed bytes of data.tar, checked past `freeBytes`. */
  readonly ratio: number;
  readonly freeBytes: number;
}

const mebibyte = 1024 ** 2;

/**
 * Of Debian 12, the package with the most files has some 130,000, and the largest md5sums some 14 MiB.
 * docs/reference/packages.md lists them.
 */
export const debBudget: DebBudget = {
  members: 200_000,
  nameBytes: 16 * mebibyte,
  controlMembers: 1000,
  controlBytes: 64 * mebibyte,
  controlFileBytes: mebibyte,
  dataBytes: 64 * 1024 * mebibyte,
  ratio: 200,
  freeBytes: 1024 * mebibyte,
};

/**
 * The limits of a package that was taken already: the most that `packages.limits` of lockstep.yaml may allow, so that no
 * later reader refuses what the first one took.
 */
export const takenBudget: DebBudget = {
  ...debBudget,
  members: 2_000_000,
  nameBytes: 256 * mebibyte,
  controlBytes: 1024 * mebibyte,
  dataBytes: 1024 * 1024 * mebibyte,
  ratio: 10_000,
};

export function overBudget(file: string | undefined, message: string): LockstepError {
  return new LockstepError('DEB_TOO_LARGE', {
    message: `${file ?? 'The package'} is past a limit of what is read of a package: ${message}`,
    hint: 'No package of Debian reaches the limits (docs/reference/packages.md). If you trust it, raise packages.limits in lockstep.yaml',
    where: [{ file, message: `${message} [budget]` }],
  });
}

/** Counts what the members of one archive need. */
export class MemberBudget {
  #members = 0;
  #nameBytes = 0;

  constructor(
    private readonly most: Pick<DebBudget, 'members' | 'nameBytes'>,
    private readonly file: string | undefined,
  ) {}

  /** @throws LockstepError DEB_TOO_LARGE */
  count(name: MemberName): void {
    this.#members++;
    // Most names are ASCII: a byte in memory for each of these, or two
    this.#nameBytes += name.length;
    const { members, nameBytes } = this.most;
    if (this.#members > members) throw overBudget(this.file, `it has more than ${members} members`);
    if (this.#nameBytes > nameBytes)
      throw overBudget(this.file, `the names of its members have more than ${nameBytes} bytes`);
  }
}

/** Counts the bytes of data.tar. */
export class DataBudget {
  #packed = 0;
  #unpacked = 0;

  constructor(
    private readonly most: DebBudget,
    private readonly file: string | undefined,
  ) {}

  packed(bytes: number): void {
    this.#packed += bytes;
  }

  /** @throws LockstepError DEB_TOO_LARGE */
  unpacked(bytes: number): void {
    this.#unpacked += bytes;
    const { dataBytes, ratio, freeBytes } = this.most;
    if (this.#unpacked > dataBytes) throw overBudget(this.file, `it unpacks to more than ${dataBytes} bytes`);
    // Read ahead by what the decompressor holds
    if (this.#unpacked > freeBytes && this.#unpacked > ratio * this.#packed)
      throw overBudget(this.file, `it unpacks to more than ${ratio} times its size`);
  }
}
