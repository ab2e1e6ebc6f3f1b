/** Who may read the wiki, register and edit. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { picture } from '../../fixtures/png.js';
import type { WikiClient } from '../../fixtures/wiki-client.js';
import { eventually, type WikiMachine } from '../../fixtures/wiki-machine.js';
import { forgetCounts, withPictureOf } from './captchas.js';
import { assertShows, type CheckedWiki } from '../../fixtures/wiki-checks.js';

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

  const guess = async (): Promise<string> =>
    await wiki
      .visitor()
      .logIn(`Nobody ${adminName}`, 'a guess')
      .then(
        () => 'let in',
        (error: Error) => error.message,
      );

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
    await withPictureOf(wiki, 'rosebud', async () => {
      const rosa = wiki.visitor();
      const name = `Rosa ${adminName}`;
      const { status, message } = await register(rosa, name, 'rosebud');
      assert.equal(status, 'PASS', message);
      await rosa.logIn(name, chosenPassword);
      await rosa.edit(`User:${name}`, 'written by a person');
    });
  });

  it('lets nobody guess passwords or make many accounts', async () => {
    for (let tries = 1; tries <= 3; tries++) assert.match(await guess(), /Incorrect/);
    // From here on it takes a picture too, whosever password it is
    await assert.rejects(wiki.administrator(adminName, password), /Incorrect/);
    await withPictureOf(wiki, 'rosebud', async () => {
      let last = { status: 'PASS', message: '' };
      let made = 0;
      for (; last.status === 'PASS' && made < 10; made++) {
        last = await register(wiki.visitor(), `Many ${made} ${adminName}`, 'rosebud');
      }
      assert.deepEqual([last.status, made], ['FAIL', 7], last.message);
      assert.match(last.message, /acct_creation_throttle_hit/);
    });
    await wiki.administrator(adminName, password);
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
      // Nobody is shown a picture here
      for (let tries = 1; tries <= 5; tries++) assert.match(await guess(), /Incorrect/);
      assert.match(await guess(), /too many recent login attempts/);
      await forgetCounts(wiki);
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
