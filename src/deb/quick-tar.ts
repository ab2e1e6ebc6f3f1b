/**
 * The members of a tar archive that is in memory, at once: for thousands of
 * small packages, where a stream for each costs ten times what it reads. It
 * has the rules of tar-header.ts, as tar.ts has, which reads what is left here
 * and names its faults.
 */
import { TarBlocks, TarFault, tarBlock, type TarForm, type TarHeader } from './tar-header.js';

/** A member and its bytes, a view of the archive's bytes and not a copy. */
export interface QuickTarEntry {
  readonly header: TarHeader;
  readonly body: Buffer;
}

/** All members in their order, or undefined for an archive that is not plain, whole and safe. */
export function quickTar(tar: Buffer, form: TarForm = 'source'): QuickTarEntry[] | undefined {
  const entries: QuickTarEntry[] = [];
  const blocks = new TarBlocks(form);
  try {
    for (let at = 0; at + tarBlock <= tar.length;) {
      const step = blocks.next(tar, at);
      // Nothing may follow the end, and no long name may be left without its member
      if (step.step === 'end') return !blocks.isOpen && isZero(tar, at) ? entries : undefined;
      const size = step.step === 'text' ? step.size : step.header.size;
      const end = at + tarBlock + size;
      if (end > tar.length) return undefined;
      const body = tar.subarray(at + tarBlock, end);
      if (step.step === 'text') blocks.text(body);
      else entries.push({ header: step.header, body });
      at = end + ((tarBlock - (size % tarBlock)) % tarBlock);
    }
    return undefined;
  } catch (error) {
    if (error instanceof TarFault) return undefined;
    throw error;
  }
}

/** GNU tar fills up to records of 20 blocks. */
const zeros = Buffer.alloc(20 * tarBlock);

/** Whether zeros follow to the end, a block of them at least. */
function isZero(tar: Buffer, from: number): boolean {
  const rest = tar.subarray(from);
  if (rest.length < tarBlock || rest.length % tarBlock !== 0) return false;
  // More than a record of them: nothing that dpkg-deb makes
  return rest.length <= zeros.length && rest.equals(zeros.subarray(0, rest.length));
}
