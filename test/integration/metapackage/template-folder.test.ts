import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { readTemplate, readTemplates } from '../../../src/metapackage/template-folder.js';

async function fails(work: Promise<unknown>): Promise<LockstepError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof LockstepError, String(error));
  return error;
}

describe('a template folder on disk', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-template-'));
    await mkdir(join(root, 'templates/wiki-full/files/deep'), { recursive: true });
    await writeFile(join(root, 'templates/wiki-full/package.yaml'), 'package: wiki-full\n');
    await writeFile(join(root, 'templates/wiki-full/files/deep/run'), '#!/bin/sh\n');
    await chmod(join(root, 'templates/wiki-full/files/deep/run'), 0o755);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('is read whole', async () => {
    const folder = await readTemplate(root, 'wiki-full');
    assert.equal(folder.path, 'templates/wiki-full');
    assert.deepEqual(
      [...folder.files].map(([name, file]) => [name, file.executable]),
      [
        ['files/deep/run', true],
        ['package.yaml', false],
      ],
    );
    assert.deepEqual([...(await readTemplates(root, ['wiki-full', 'wiki-full'])).keys()], ['wiki-full']);
  });

  it('is missing with the nearest name, at the place that names it', async () => {
    const error = await fails(readTemplate(root, 'wiki-ful', { file: 'profiles/wiki.yaml', line: 9 }));
    assert.equal(error.code, 'TEMPLATE_MISSING');
    assert.match(error.message, /did you mean "wiki-full"\?/);
    assert.deepEqual(error.where, [{ file: 'profiles/wiki.yaml', line: 9 }]);
    await rm(join(root, 'templates/wiki-full/package.yaml'));
    assert.match((await fails(readTemplate(root, 'wiki-full'))).message, /has no package\.yaml/);
  });

  it('takes no path for a name and follows no symbolic link', async () => {
    assert.equal((await fails(readTemplate(root, '../templates/wiki-full'))).code, 'TEMPLATE_MISSING');
    await symlink('/etc/hostname', join(root, 'templates/wiki-full/files/link'));
    const error = await fails(readTemplate(root, 'wiki-full'));
    assert.equal(error.code, 'TEMPLATE_INVALID');
    assert.equal(error.where[0]?.file, 'templates/wiki-full/files/link');
  });
});
