/**
 * Reading tar archives as a stream. What the headers say, and what of it is
 * refused, is tar-header.ts's. Writing is tar-writer.ts. Nothing is unpacked here.
 */
import { LockstepError } from '../errors.js';
import { ByteReader } from './byte-reader.js';
import { shownName } from './member-name.js';
import { ControlFault, TarBlocks, TarFault, tarBlock, type TarForm, type TarHeader } from './tar-header.js';

export type { TarForm, TarHeader, TarKind } from './tar-header.js';
export { tarBytes, type TarInput, type TarOptions } from './tar-writer.js';

/** An entry of the archive being read. Read `body`, if at all, before you request the next entry. */
export interface TarEntry {
  readonly header: TarHeader;
  readonly body: AsyncIterable<Buffer>;
}

/** The fault of an archive, for its reader. */
export function tarFault(fault: TarFault, file: string | undefined): LockstepError {
  const { message, rule, unsafe, cause } = fault;
  const data = rule === undefined ? undefined : { rule };
  if (unsafe !== undefined) {
    const value = shownName(unsafe);
    const hint = 'Do not use this file. Inform its publisher';
    return new LockstepError('DEB_UNSAFE_NAME', { message, hint, where: [{ file, value, message }], data });
  }
  if (fault instanceof ControlFault) {
    const place = { file: file === undefined ? 'control' : `${file}: control` };
    return new LockstepError('DEB_SYNTAX', {
      message: `${place.file} is not a control file of a package: ${message}`,
      where: [{ ...place, message: `control: ${message}` }],
      data,
    });
  }
  return new LockstepError('DEB_ARCHIVE', {
    message: `${file ?? 'The file'} is not a usable tar archive: ${message}`,
    where: [{ file, message }],
    data,
    cause,
  });
}

/**
 * Reads entries one after the other, on demand: memory holds some chunks, never a complete entry. Unread bodies are
 * skipped. `source` is the tar itself, already decompressed; it is read to its end.
 * @throws LockstepError DEB_ARCHIVE (damaged, ends early, sparse or unknown entries), DEB_UNSAFE_NAME
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  file?: string,
  form: TarForm = 'source',
): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(source);
  // What dpkg gives to tar(1) is read more strictly here
  const own = (fault: TarFault): LockstepError =>
    tarFault(
      form === 'control' && fault.rule === undefined ? new TarFault(fault.message, 'control-member') : fault,
      file,
    );
  try {
    yield* entriesOf(reader, form, () => own(new TarFault('it ends inside a member')));
    // Whether the compressed archive was cut is known at its end only
    while ((await reader.some(Infinity)).length > 0);
  } catch (error) {
    throw error instanceof TarFault ? own(error) : error;
  } finally {
    await reader.close();
  }
}

async function* entriesOf(reader: ByteReader, form: TarForm, cut: () => Error): AsyncGenerator<TarEntry> {
  const blocks = new TarBlocks(form);
  for (;;) {
    const bytes = await reader.upTo(tarBlock);
    if (bytes.length === 0 && form !== 'source') return;
    if (bytes.length < tarBlock) {
      throw new TarFault(bytes.length === 0 ? 'it lacks the end-of-archive mark' : 'it ends inside a header');
    }
    const step = blocks.next(bytes, 0);
    if (step.step === 'end') return;
    if (step.step === 'text') {
      const text = await reader.upTo(step.size);
      if (text.length < step.size) throw cut();
      blocks.text(text);
      await skipPadding(reader, step.size, cut);
      continue;
    }
    const { header } = step;
    const body = reader.body(header.size, cut);
    yield { header, body };
    for await (const skipped of body) void skipped;
    await skipPadding(reader, header.size, cut);
  }
}

async function skipPadding(reader: ByteReader, size: number, cut: () => Error): Promise<void> {
  const padding = (tarBlock - (size % tarBlock)) % tarBlock;
  if ((await reader.upTo(padding)).length < padding) throw cut();
}
