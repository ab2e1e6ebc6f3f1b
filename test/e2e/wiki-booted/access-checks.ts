/** Who may read the wiki, register and edit, and what crawlers get of it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { picture } from '../../fixtures/png.js';
import { ask, type WikiClient } from '../../fixtures/wiki-client.js';
import { eventually, type WikiMachine } from '../../fixtures/wiki-machine.js';
import { assertShows, type CheckedWiki } from './wiki-checks.js';

/** Defines the checks in the suite that is being described; they leave the wiki as they found it. */
export function defineAccessChecks({ machine, adminName, password }: CheckedWiki): void {
  let wiki: WikiMachine;
  let admin: WikiClient;
  before(() => {
    wiki = machine();
  });

  const set = async (access: string): Promise<void> => {
    await wiki.machine.run(['mediawiki-full', 'set', 'access', access]);
  };

  it('lets strangers read, and neither edit nor register by a program', async () => {
    admin = await wiki.administrator(adminName, password);
    await assert.rejects(wiki.visitor().edit('By a stranger', 'spam'), /permission|denied|edit/i);
    const form = await wiki.visitor().get('/wiki/Special:CreateAccount');
    assert.equal(form.status, 200);
    assert.match(form.text, /Special:Captcha\/image/);
    // What a program could work out
    assert.doesNotMatch(form.text, /\d+\s*(?:[+*−×-]|&#?\w+;)\s*\d+\s*=/);
    const { status, message } = await register(wiki.visitor(), 'Robot', '42');
    assert.deepEqual([status, /captcha/i.test(message)], ['FAIL', true], message);
  });

  it('lets people register, who then edit', async () => {
    const folder = join(wiki.machine.root, 'var/lib/mediawiki-full/captcha');
    const others = join(wiki.machine.root, 'var/lib/mediawiki-full/captcha-away');
    await mkdir(others);
    const pictures = (await readdir(folder)).filter((name) => name.endsWith('.png'));
    assert.ok(pictures.length > 50, `${pictures.length} pictures`);
    for (const name of pictures) await rename(join(folder, name), join(others, name));
    const file = await pictureOf(wiki, 'rosebud');
    await writeFile(join(folder, file), picture(20, 20));
    try {
      // MediaWiki remembers for a while which pictures there are
      await wiki.machine.run(['systemctl', 'restart', 'memcached.service']);
      await eventually('it listens', async () => (await wiki.status()).memcached !== null);
      const rosa = wiki.visitor();
      const name = `Rosa ${adminName}`;
      const { status, message } = await register(rosa, name, 'rosebud');
      assert.equal(status, 'PASS', message);
      await rosa.logIn(name, chosenPassword);
      await rosa.edit(`User:${name}`, 'written by a person');
    } finally {
      await rm(join(folder, file), { force: true });
      for (const other of pictures) await rename(join(others, other), join(folder, other));
      await rm(others, { recursive: true });
    }
  });

  it('keeps processes free for editors, however many strangers ask for what is costly', async () => {
    const asked = Array.from({ length: 60 }, (_, at) => {
      const page = at % 2 === 0 ? 'Special:RecentChanges' : 'Main_Page';
      return ask(`${wiki.origin}/index.php?title=${page}&action=history&offset=${at}`);
    });
    await admin.edit('Edited meanwhile', 'while strangers ask');
    const answers = await Promise.all(asked);
    const statuses = new Set(answers.map(({ status }) => status));
    assert.ok(statuses.has(503) && statuses.has(200) && statuses.size <= 3, [...statuses].join());
    const busy = answers.find(({ status }) => status === 503)!;
    assert.equal(busy.headers['retry-after'], '30');
    // Pages themselves are not what is meant
    assert.equal((await wiki.visitor().get('/wiki/Edited_meanwhile')).status, 200);
  });

  it('shows strangers nothing once it is private, uploads included', async () => {
    await admin.edit('Secret', 'nobody but us');
    await admin.upload('Secret.png', picture(30, 30));
    const url = async (): Promise<string> => {
      const query = { action: 'query', titles: 'File:Secret.png', prop: 'imageinfo', iiprop: 'url' };
      const { pages } = (await admin.api(query))['query'] as {
        pages: { imageinfo: { url: string }[] }[];
      };
      return new URL(pages[0]!.imageinfo[0]!.url, wiki.origin).pathname;
    };
    const open = await url();
    assertShows(await wiki.visitor().get('/wiki/Secret'), 'nobody but us');
    assert.equal((await wiki.visitor().get(open)).status, 200);
    await set('private');
    try {
      const page = await wiki.visitor().get('/wiki/Secret');
      assert.ok(!page.text.includes('nobody but us'));
      assert.notEqual((await wiki.visitor().get(open)).status, 200);
      const closed = await url();
      assert.notEqual((await wiki.visitor().get(closed)).status, 200);
      assert.equal((await admin.get(closed)).headers['content-type'], 'image/png');
      assertShows(await admin.get('/wiki/Secret'), 'nobody but us');
      const form = await wiki.visitor().get('/wiki/Special:CreateAccount');
      assert.ok(!form.text.includes('name="wpCreateaccount"'), 'nobody can register');
      const status = await wiki.status();
      assert.equal(status.healthy, true);
      // As where it was private from the beginning: there are no pictures yet
      await rm(join(wiki.machine.root, 'var/lib/mediawiki-full/captcha'), { recursive: true });
    } finally {
      await set('registered');
    }
    await eventually('everybody reads again', async () =>
      (await wiki.visitor().get('/wiki/Secret')).text.includes('nobody but us'),
    );
    assert.equal((await wiki.visitor().get(await url())).status, 200);
    assert.match((await wiki.visitor().get('/wiki/Special:CreateAccount')).text, /Special:Captcha\/image/);
  });

  it('lets everybody edit once it is open, who reads a word from a picture', async () => {
    await set('open');
    try {
      await assert.rejects(wiki.visitor().edit('By a stranger', 'spam'), /captcha/i);
      await eventually('everybody is offered the editor', async () =>
        (await wiki.visitor().get('/wiki/Main_Page')).text.includes('id="ca-ve-edit"'),
      );
    } finally {
      await set('registered');
    }
  });
}

const chosenPassword = 'chosen by herself 0815';

/** As a program does that fills in the form: with the picture's number and a guess. */
async function register(
  client: WikiClient,
  name: string,
  word: string,
): Promise<{ status: string; message: string }> {
  const info = await client.api({
    action: 'query',
    meta: 'authmanagerinfo|tokens',
    amirequestsfor: 'create',
    type: 'createaccount',
  });
  const { authmanagerinfo, tokens } = info['query'] as {
    authmanagerinfo: { requests: { fields: Record<string, { value?: string }> }[] };
    tokens: { createaccounttoken: string };
  };
  const fields = Object.assign({}, ...authmanagerinfo.requests.map((request) => request.fields)) as Record<
    string,
    { value?: string }
  >;
  const answer = await client.api({
    action: 'createaccount',
    username: name,
    password: chosenPassword,
    retype: chosenPassword,
    createreturnurl: `${client.origin}/`,
    createtoken: tokens.createaccounttoken,
    captchaId: fields['captchaId']?.value ?? '',
    captchaWord: word,
  });
  const {
    status,
    message = '',
    messagecode = '',
  } = answer['createaccount'] as {
    status: string;
    message?: string;
    messagecode?: string;
  };
  return { status, message: `${messagecode} ${message}` };
}

/** The name of a picture whose word is known (ConfirmEdit, FancyCaptcha). */
async function pictureOf(wiki: WikiMachine, word: string): Promise<string> {
  const settings = await wiki.text('etc/mediawiki/LocalSettings.php');
  const [, key = ''] = /^\$wgSecretKey = "([0-9a-f]+)";/m.exec(settings) ?? [];
  const secret = createHash('sha256').update(`captcha ${key}`).digest('hex');
  const salt = 'abcdef12';
  const hash = createHash('md5').update(`${secret}${salt}${word}${secret}${salt}`).digest('hex');
  return `image_${salt}_${hash.slice(0, 16)}.png`;
}
