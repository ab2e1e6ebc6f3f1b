/** Pictures of ConfirmEdit's FancyCaptcha of which a test knows the word. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { picture } from '../../fixtures/png.js';
import { eventually, type WikiMachine } from '../../fixtures/wiki-machine.js';

/** While something is done, one picture is all that the wiki has to show: that of this word. */
export async function withPictureOf(
  wiki: WikiMachine,
  word: string,
  act: () => Promise<void>,
): Promise<void> {
  const folder = join(wiki.machine.root, 'var/lib/mediawiki-full/captcha');
  const others = join(wiki.machine.root, 'var/lib/mediawiki-full/captcha-away');
  await mkdir(others);
  const pictures = (await readdir(folder)).filter((name) => name.endsWith('.png'));
  if (pictures.length <= 50) throw new Error(`The wiki has ${pictures.length} pictures`);
  for (const name of pictures) await rename(join(folder, name), join(others, name));
  const file = await pictureOf(wiki, word);
  await writeFile(join(folder, file), picture(20, 20));
  try {
    await forgetCounts(wiki);
    await act();
  } finally {
    await rm(join(folder, file), { force: true });
    for (const other of pictures) await rename(join(others, other), join(folder, other));
    await rm(others, { recursive: true });
    await forgetCounts(wiki);
  }
}

/** MediaWiki remembers in memcached which pictures there are, and how often an address has tried what. */
export async function forgetCounts(wiki: WikiMachine): Promise<void> {
  await wiki.machine.run(['systemctl', 'restart', 'memcached.service']);
  await eventually('it listens', async () => (await wiki.status()).memcached !== null);
}

/** The name of a picture whose word is known. */
async function pictureOf(wiki: WikiMachine, word: string): Promise<string> {
  const settings = await wiki.text('etc/mediawiki/LocalSettings.php');
  const [, key = ''] = /^\$wgSecretKey = "([0-9a-f]+)";/m.exec(settings) ?? [];
  const secret = createHash('sha256').update(`captcha ${key}`).digest('hex');
  const salt = 'abcdef12';
  const hash = createHash('md5').update(`${secret}${salt}${word}${secret}${salt}`).digest('hex');
  return `image_${salt}_${hash.slice(0, 16)}.png`;
}
