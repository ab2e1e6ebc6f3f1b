import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/io/process.js';
import { needs } from '../../fixtures/machine.js';
import { top } from '../../fixtures/lockstep.js';

/** Makes `$1` a root of this machine's own programs, with the repository and Node in it, and runs `$@` there. */
const enter = `
set -eu
folder=$1 top=$2 node=$3 proc=$4
shift 4
cd "$folder"
mkdir -p usr proc dev tmp etc ".$top" ".$(dirname "$node")"
for link in bin sbin lib lib64; do
  if [ -L "/$link" ]; then ln -s "usr/$link" "$link"; fi
done
mount --bind /usr usr
mount --bind /dev dev
mount --bind "$top" ".$top"
if [ ! -e ".$node" ]; then mount --bind "$(dirname "$node")" ".$(dirname "$node")"; fi
if [ "$proc" = proc ]; then mount -t proc proc proc; fi
exec chroot "$folder" "$@"
`;

const ask = `
import { findPrivilege } from './src/build/namespace.ts';
try { console.log(await findPrivilege()); } catch (error) { console.log(error.code, error.hint); }
`;

describe('namespaces in a chroot', function () {
  this.timeout(120_000);
  let folder: string;

  before(async function () {
    await needs(this, { root: true, tools: ['unshare', 'mount', 'chroot'] });
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-chroot-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function inChroot({ isMount, proc }: { isMount: boolean; proc: boolean }): Promise<string> {
    const bind = isMount ? 'mount --bind "$1" "$1"\n' : '';
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', ask];
    const inside = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', top, ...node];
    const { stdout } = await run('unshare', [
      ...['--mount', '--propagation=private', '--', 'sh', '-c', bind + enter, 'enter'],
      ...[folder, top, process.execPath, proc ? 'proc' : 'none', ...inside],
    ]);
    return stdout.trim();
  }

  it('are there where its folder is a mount point', async () => {
    assert.equal(await inChroot({ isMount: true, proc: true }), 'root');
  });

  it('are not where it is none, which is said, and what to do', async () => {
    assert.match(
      await inChroot({ isMount: false, proc: true }),
      /^MACHINE_UNFIT This is a chroot whose \/ is not a mount point.*mount --bind FOLDER FOLDER$/,
    );
  });

  it('are not where /proc is missing, which is said', async () => {
    assert.match(await inChroot({ isMount: false, proc: false }), /^MACHINE_UNFIT Mount \/proc/);
  });
});
