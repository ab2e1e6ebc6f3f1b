import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importPackages } from '../../../src/workflows/release/import.js';
import { makeBinary } from '../../fixtures/packages.js';
import { SnapshotWorkspace } from '../../fixtures/snapshots.js';

const profileText = `format: 1
kind: imported
description: Tools
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
`;

describe('the limits of packages in lockstep.yaml', () => {
  let work: SnapshotWorkspace;
  let incoming: string;

  before(async () => {
    work = await SnapshotWorkspace.make();
    incoming = await mkdtemp(join(tmpdir(), 'lockstep-incoming-'));
    await writeFile(join(work.root, 'profiles/tools.yaml'), profileText);
    const names = Array.from({ length: 1200 }, (_, index) => `usr/share/many/${index}`);
    const { file } = await makeBinary({
      package: 'many',
      version: '1-1',
      files: Object.fromEntries(names.map((name) => [name, 'x\n'])),
    });
    await writeFile(join(incoming, file.name), file.bytes);
  });
  after(async () => {
    await work.remove();
    await rm(incoming, { recursive: true, force: true });
  });

  const importing = () =>
    importPackages(work.context, {
      ...{ profile: 'tools', cwd: incoming, paths: ['.'], keyring: undefined, dryRun: false },
      ...{ add: false, replace: false, remove: [], lower: false },
    });

  it('decide which packages are taken', async () => {
    const { limits } = work.context.workspace.packages;
    limits.members = 1000;
    await assert.rejects(importing(), ({ where }: { where: { message: string }[] }) => {
      assert.match(where[0]!.message, /it has more than 1000 members \[budget\]/);
      return true;
    });
    limits.members = 2000;
    assert.equal((await importing()).packages, 1);
  });
});
