/** VisualEditor in a browser, from the click on "Edit" to the page that was saved. */
import assert from 'node:assert/strict';
import type { BrowserPage } from '../../fixtures/chromium.js';
import { withBrowser } from '../../fixtures/chromium.js';
import { eventually, type WikiMachine } from '../../fixtures/wiki-machine.js';
import { withPictureOf } from './captchas.js';
import { assertShows, type CheckedWiki } from '../../fixtures/wiki-checks.js';

/** Defines the checks in the suite that is being described; they leave the wiki as they found it. */
export function defineEditorChecks({ machine, adminName, password }: CheckedWiki): void {
  let wiki: WikiMachine;
  before(() => {
    wiki = machine();
  });

  it('lets an editor write in VisualEditor, and shows everybody what was saved', async () => {
    const admin = await wiki.administrator(adminName, password);
    await admin.edit('Seen by an editor', 'What was there.');
    await withBrowser(async (page) => {
      await logIn(page, wiki, adminName, password);
      await openEditor(page, `${wiki.origin}/wiki/Seen_by_an_editor`);
      await write(page, 'Typed by an editor. ');
      await save(page);
      await assertSaved(page, 'Typed by an editor. What was there.');
    });
    assertShows(await wiki.visitor().get('/wiki/Seen_by_an_editor'), 'Typed by an editor. What was there.');
  });

  it('lets a visitor of an open wiki write in it, who reads a word from a picture', async () => {
    const admin = await wiki.administrator(adminName, password);
    await admin.edit('Seen by a visitor', 'What was there.');
    await wiki.machine.run(['mediawiki-full', 'set', 'access', 'open']);
    try {
      await withPictureOf(wiki, 'rosebud', async () => {
        await eventually('visitors are offered the editor', async () =>
          (await wiki.visitor().get('/wiki/Seen_by_a_visitor')).text.includes('id="ca-ve-edit"'),
        );
        await withBrowser(async (page) => {
          await openEditor(page, `${wiki.origin}/wiki/Seen_by_a_visitor`);
          await write(page, 'Typed by a visitor. ');
          await save(page);
          const word = '.mw-confirmEdit-captchaInputWidget input';
          await page.click(word);
          await page.type('rosebud');
          await page.click(saveButton);
          await assertSaved(page, 'Typed by a visitor. What was there.');
        });
      });
    } finally {
      await wiki.machine.run(['mediawiki-full', 'set', 'access', 'registered']);
    }
    assertShows(await wiki.visitor().get('/wiki/Seen_by_a_visitor'), 'Typed by a visitor. What was there.');
  });
}

const saveButton = '.ve-ui-mwSaveDialog .oo-ui-processDialog-actions-primary a';

async function logIn(page: BrowserPage, wiki: WikiMachine, name: string, password?: string): Promise<void> {
  await page.open(`${wiki.origin}/index.php?title=Special:UserLogin&returnto=Main_Page`);
  await page.click('#wpName1');
  await page.type(name);
  await page.click('#wpPassword1');
  await page.type(password ?? (await wiki.text('etc/mediawiki-full/admin-password')).trim());
  await page.click('#wpLoginAttempt');
  await page.until(`window.mw && mw.config && mw.config.get('wgUserName') === ${JSON.stringify(name)}`);
}

async function openEditor(page: BrowserPage, url: string): Promise<void> {
  await page.open(url);
  // Who has never used it is greeted. It notes that before it greets
  await page.until(`window.mw && mw.user && mw.user.options`);
  const known = Number(await page.evaluate(`mw.user.options.get('visualeditor-hidebetawelcome')`)) === 1;
  await page.click('#ca-ve-edit a');
  await page.until(`document.querySelector('.ve-active .ve-ce-documentNode p') !== null`);
  const greeting = '.ve-init-mw-welcomeDialog .oo-ui-messageDialog-actions .oo-ui-flaggedElement-primary a';
  if (!known) await page.click(greeting);
}

/** At the beginning of the page. VisualEditor takes up what is done to it in its own time, which a person sees. */
async function write(page: BrowserPage, text: string): Promise<void> {
  const model = 've.init.target.getSurface().getModel()';
  await page.click('.ve-ce-documentNode p');
  await page.until(
    `ve.init.target.getSurface().getView().isFocused() && ${model}.getSelection().isCollapsed()`,
  );
  await page.press('Home', 36);
  await page.until(`${model}.getSelection().getRange().to === 1`);
  for (let typed = 1; typed <= text.length; typed++) {
    await page.type(text[typed - 1]!);
    const there = `${model}.getDocument().data.getText(false, new ve.Range(1, ${typed + 1}))`;
    await page.until(`${there} === ${JSON.stringify(text.slice(0, typed))}`);
  }
}

async function save(page: BrowserPage): Promise<void> {
  await page.click('.oo-ui-tool-name-showSave a');
  await page.click(saveButton);
}

async function assertSaved(page: BrowserPage, text: string): Promise<void> {
  const shown = `document.querySelector('#mw-content-text').innerText.includes(${JSON.stringify(text)})`;
  await page.until(`!document.querySelector('.ve-active, .ve-ui-mwSaveDialog-active') && ${shown}`);
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(page.failures, []);
}
