/**
 * Passes the home to gpg. The agent's socket is in it, and the path of a socket has at most 108 bytes
 * (unix(7)): with a longer path gpg finds no agent, and reports a missing secret key. It must not read the
 * home.
 */
import { lstat, mkdir, readlink, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../errors.js';
import { sha256Of } from '../io/disk.js';
import { onDisk, onErrno } from '../io/disk-fault.js';

/** sun_path, with the NUL that ends it. */
const longestSocketPath = 107;
/** The longest name of a socket of the agent. */
const socketName = 'S.gpg-agent.browser';

/** The folder for temporary files, and where it is itself too deep, the usual one (FHS 3.18). */
export function linkPlaces(): string[] {
  return [tmpdir(), '/tmp'];
}

/**
 * A path of the home by which the agent's socket can be reached: itself, or a link of a fixed name to it, so that one
 * agent serves all runs.
 * @param homedir absolute
 * @param places where links may be; the first one whose path is short enough is taken
 * @throws LockstepError SIGN_GPG (no short path is available), DISK_*
 */
export async function reachableHome(homedir: string, places: readonly string[]): Promise<string> {
  if (isReachable(homedir)) return homedir;
  const folders = places.map((place) => join(place, `lockstep-gpg-${process.getuid?.() ?? 0}`));
  const linkIn = (folder: string): string => join(folder, sha256Of(homedir).slice(0, 16));
  const folder = folders.find((one) => isReachable(linkIn(one)));
  const unreachable = (why: string): LockstepError =>
    new LockstepError('SIGN_GPG', {
      message: `The path of gpg's homedir is too long for the socket of its agent (${Buffer.byteLength(homedir)} bytes), and ${why}`,
      hint: 'Move it, or create a link to it, at a path of at most 80 bytes, and set signing.homedir in lockstep.yaml to that path',
      where: [{ path: 'signing.homedir', value: homedir }],
    });
  if (folder === undefined)
    throw unreachable(`no folder for temporary files has a short enough path: ${places.join(', ')}`);
  const link = linkIn(folder);
  await onDisk('write', link, async () => {
    await mkdir(folder, { mode: 0o700 }).catch(onErrno(['EEXIST'], undefined));
    // Others may write to the folder for temporary files: theirs must not be taken for ours
    const made = await lstat(folder);
    const isOurs = made.isDirectory() && made.uid === process.getuid?.() && (made.mode & 0o077) === 0;
    if (!isOurs) throw unreachable(`${folder} is not only accessible to this user`);
    await symlink(homedir, link).catch(onErrno(['EEXIST'], undefined));
    if ((await readlink(link)) !== homedir) throw unreachable(`${link} points to another folder`);
  });
  return link;
}

function isReachable(homedir: string): boolean {
  return Buffer.byteLength(join(homedir, socketName)) <= longestSocketPath;
}
