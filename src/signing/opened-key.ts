/**
 * Remembers the text of a key file from its reading as a public key to its
 * opening as a signer, so that a command reads the file once. The text never
 * leaves this folder.
 */
const texts = new WeakMap<object, string>();

/** Keeps what a public key was read from, for as long as that is kept. */
export function rememberText(key: object, armored: string): void {
  texts.set(key, armored);
}

/** What a public key was read from; undefined where that was no key file. */
export function rememberedText(key: object | undefined): string | undefined {
  return key === undefined ? undefined : texts.get(key);
}
