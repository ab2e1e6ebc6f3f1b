/** What these tests need of the machine: tools, a throw-away folder, a throw-away GnuPG home. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/io/process.js';
import { needs } from '../../fixtures/machine.js';

export interface Scratch {
  path(name: string): string;
  put(name: string, data: string | Uint8Array, mode?: number): Promise<string>;
  remove(): Promise<void>;
}

export async function scratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-signing-'));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    put: async (name, data, mode = 0o644) => {
      await writeFile(path(name), data, { mode });
      return path(name);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A GnuPG home with an agent of its own. */
export class GnupgHome {
  private constructor(readonly homedir: string) {}

  static async make(): Promise<GnupgHome> {
    // Short: the agent's socket has its path in 108 bytes
    return new GnupgHome(await mkdtemp(join(tmpdir(), 'lsgpg-')));
  }

  async gpg(args: string[], input?: string | Uint8Array): Promise<{ stdout: string; bytes: Buffer }> {
    const fixed = ['--batch', '--no-tty', '--yes', '--homedir', this.homedir, '--pinentry-mode', 'loopback'];
    const { stdout, stdoutBytes } = await run('gpg', [...fixed, '--passphrase', '', ...args], {
      ...(input === undefined ? {} : { input }),
    });
    return { stdout, bytes: stdoutBytes };
  }

  /** Makes a key without a passphrase at a date; returns its fingerprint. */
  async generate(name: string, algorithm: string, made: Date, options: string[] = [], expires = 'never') {
    await this.gpg([...options, ...at(made), '--quick-generate-key', name, algorithm, 'sign,cert', expires]);
    const { stdout } = await this.gpg(['--with-colons', '--list-keys', '--', `=${name}`]);
    const row = stdout.split('\n').find((line) => line.startsWith('fpr:'));
    return row?.split(':')[9] ?? '';
  }

  async export(...keys: string[]): Promise<Buffer> {
    return (await this.gpg(['--export', '--', ...keys])).bytes;
  }

  async sign(key: string, data: string | Uint8Array, date: Date, args = ['--detach-sign']): Promise<string> {
    const options = ['--armor', '--local-user', key, ...at(date), '--output', '-'];
    return (await this.gpg([...options, ...args], data)).stdout;
  }

  async remove(): Promise<void> {
    await run('gpgconf', ['--homedir', this.homedir, '--kill', 'all'], { allowFailure: true });
    await rm(this.homedir, { recursive: true, force: true });
  }
}

/** gpg's clock for one command. */
export function at(date: Date): string[] {
  return ['--faked-system-time', `${Math.floor(date.getTime() / 1000)}!`];
}

/** Whether a program ends with success. */
export async function accepts(command: string, args: string[]): Promise<boolean> {
  return (await run(command, args, { allowFailure: true })).exitCode === 0;
}

/** For a `describe`: a GnuPG home and a folder beside it, there while its tests run. */
export function withGnupg(...tools: string[]): { home: () => GnupgHome; dir: () => Scratch } {
  let there: { home: GnupgHome; dir: Scratch } | undefined;
  before(async function () {
    await needs(this, { tools: ['gpg', 'gpgconf', ...tools] });
    there = { dir: await scratch(), home: await GnupgHome.make() };
  });
  after(async () => {
    await there?.home.remove();
    await there?.dir.remove();
  });
  const given = (): { home: GnupgHome; dir: Scratch } => {
    if (there === undefined) throw new Error('the GnuPG home is there in tests and later hooks');
    return there;
  };
  return { home: () => given().home, dir: () => given().dir };
}
