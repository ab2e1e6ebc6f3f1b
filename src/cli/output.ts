/**
 * The only writer to stdout and stderr. All text is cleaned here, so that nothing from outside controls a terminal and
 * no password is shown, whoever prints it. Only the codes that move the cursor are written unchanged; they are
 * constants of this file.
 */
import { cleanJson, cleanText } from '../plain-text.js';
import type { ProgressOutput } from './render/progress-lines.js';

/** What a person or a program asked for: lines on stdout. */
export function print(text: string): void {
  process.stdout.write(`${cleanText(text)}\n`);
}

/** One JSON value on stdout. @param indent see {@link cleanJson} */
export function printJson(value: unknown, indent?: number): void {
  process.stdout.write(`${cleanJson(value, indent)}\n`);
}

/** Lines for people, on stderr. */
export function note(text: string): void {
  process.stderr.write(`${cleanText(text)}\n`);
}

/** Columns of stdout where it is a terminal. */
export const stdout: { readonly columns?: number } = process.stdout;

/** Where progress is shown: stderr. */
export function progressOutput(): Pick<ProgressOutput, 'write' | 'erase' | 'interactive' | 'columns'> {
  return {
    write: (text) => process.stderr.write(cleanText(text)),
    erase: () => process.stderr.write('\r\u001b[K'),
    interactive: process.stderr.isTTY && process.env['TERM'] !== 'dumb',
    columns: () => process.stderr.columns,
  };
}
