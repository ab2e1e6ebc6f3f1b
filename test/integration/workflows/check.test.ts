import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { check } from '../../../src/workflows/release/check.js';
import type { CheckResult } from '../../../src/workflows/release/release-results.js';

const top = resolve(import.meta.dirname, '../../..');

describe('checking a workspace', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-check-'));
    for (const name of ['lockstep.yaml', 'profiles', 'templates'])
      await cp(join(top, name), join(root, name), { recursive: true });
    for (const name of ['mediawiki-wmf', 'mediawiki-extensions'])
      await rm(join(root, `profiles/${name}.yaml`));
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const checked = async (profile?: string): Promise<CheckResult> =>
    (await check(root, profile, new Date('2026-11-29T00:00:00Z'))).result;
  const edit = async (file: string, change: (text: string) => string): Promise<void> =>
    writeFile(join(root, file), change(await readFile(join(root, file), 'utf8')));

  it('finds nothing in what is shipped', async () => {
    assert.deepEqual(await checked(), {
      ok: true,
      profiles: ['mediawiki-1.39', 'mediawiki-1.43'],
      faults: [],
      notes: [],
    });
  });

  it('finds each template that is not there, where a profile names it', async () => {
    await rm(join(root, 'templates/mediawiki-full-config'), { recursive: true });
    await rm(join(root, 'templates/mediawiki-parsoid/package.yaml'));
    await rm(join(root, 'templates/archive-keyring'), { recursive: true });
    const { ok, faults } = await checked('mediawiki-1.39');
    assert.equal(ok, false);
    assert.deepEqual(
      faults.map(({ code, file, path }) => `${code} ${file} ${path}`),
      [
        'TEMPLATE_MISSING profiles/mediawiki-1.39.yaml components.parsoid.build.template',
        'TEMPLATE_MISSING profiles/mediawiki-1.39.yaml metapackage.templates[1]',
        'TEMPLATE_MISSING templates/archive-keyring/package.yaml undefined',
      ],
    );
    assert.ok(faults[0]!.line! > 1);
    assert.match(faults[1]!.message, /There is no template templates\/mediawiki-full-config/);
  });

  it('notes a profile that no suite takes', async () => {
    await cp(join(root, 'profiles/mediawiki-1.39.yaml'), join(root, 'profiles/alone.yaml'));
    const { ok, notes } = await checked();
    assert.equal(ok, true);
    assert.equal(notes.length, 1);
    assert.match(notes[0]!, /lockstep\.yaml has no suite for the profile alone.*trust: unstable/);
  });

  it('notes that commits are asked for where there is no repository', async () => {
    await edit('lockstep.yaml', (text) => text.replace('commit: false', 'commit: true'));
    assert.match((await checked()).notes.join(), /snapshots\.commit is true.*not in a git repository/);
    await mkdir(join(root, '.git'));
    assert.deepEqual((await checked()).notes, []);
    await mkdir(join(root, '.git/hooks'));
    await writeFile(join(root, '.git/hooks/pre-commit'), '', { mode: 0o755 });
    assert.match((await checked()).notes.join(), /do not run the hooks of .*: pre-commit\./);
    await rm(join(root, '.git'), { recursive: true });
    await appendFile(join(root, '.git'), 'gitdir: ../elsewhere\n');
    assert.match((await checked()).notes.join(), /a linked worktree or a submodule/);
  });
});
