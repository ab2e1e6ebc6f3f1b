/** A workspace, a folder of repositories and a server of them: what each test of git sources begins with. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../../../../src/errors.js';
import { collect } from '../../../../src/deb/bytes.js';
import { systemClock, type Clock } from '../../../../src/io/clock.js';
import { ContentStore } from '../../../../src/io/content-store.js';
import { Http } from '../../../../src/io/http.js';
import { silentPhase, silentProgress } from '../../../../src/io/progress.js';
import type { GitConfig } from '../../../../src/profile/profile-schema.js';
import type { GitListing } from '../../../../src/source/candidate.js';
import type { SourceContext } from '../../../../src/source/source-context.js';
import { gitCandidates } from '../../../../src/source/git/candidates.js';
import { fetchGit } from '../../../../src/source/git/fetch-git.js';
import type { GitPin } from '../../../../src/source/pin.js';
import { readSourceTree } from '../../../../src/source/source-tree.js';
import { GitRepository, type GitIdentity } from '../../../fixtures/git-repository.js';
import { GitServer } from '../../../fixtures/git-server.js';

export type Config = Omit<GitConfig, 'kind' | 'submodules'> & { submodules?: boolean };

/** Nobody really waits between tries. */
const instant: Clock = { now: () => new Date(), sleep: () => Promise.resolve() };

export class GitFetching {
  readonly folder: string;
  readonly store: ContentStore;
  readonly http = new Http({ clock: instant, tries: 2, backoffMs: 1 });
  /** For servers that never answer. */
  readonly impatient = new Http({ clock: instant, tries: 2, backoffMs: 1, stallMs: 300 });
  readonly server: GitServer;
  /** What the phase was told. */
  readonly told: string[] = [];

  private constructor(folder: string, server: GitServer) {
    this.folder = folder;
    this.server = server;
    this.store = new ContentStore(join(folder, 'store'));
  }

  static async start(): Promise<GitFetching> {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-git-'));
    return new GitFetching(folder, await GitServer.start(join(folder, 'served')));
  }

  repository(name: string, identity?: GitIdentity): GitRepository {
    return new GitRepository(join(this.server.root, name), identity);
  }

  async stop(): Promise<void> {
    this.http.close();
    this.impatient.close();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A new one each time, as a new run has. */
  context(more: Partial<SourceContext> = {}): SourceContext {
    return {
      http: this.http,
      store: this.store,
      cacheDir: join(this.folder, 'cache'),
      keyring: '',
      mirror: undefined as never,
      base: { distribution: 'debian', codename: 'bookworm', architectures: ['amd64'] },
      clock: systemClock,
      progress: silentProgress,
      phase: { ...silentPhase, info: (message) => void this.told.push(message) },
      workspaceRoot: join(this.folder, 'workspace'),
      env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
      ...more,
    };
  }

  config({ submodules = true, ...config }: Config): GitConfig {
    return { kind: 'git', submodules, ...config };
  }

  async candidates(config: Config, more: Partial<SourceContext> = {}): Promise<GitListing[]> {
    return (await gitCandidates('thing', this.config(config), this.context(more))).found;
  }

  /** The first of what there is. */
  async fetch(config: Config, more: Partial<SourceContext> = {}): Promise<GitPin> {
    const context = this.context(more);
    const { found } = await gitCandidates('thing', this.config(config), context);
    const choice = {
      kind: 'git' as const,
      component: 'thing',
      config: this.config(config),
      listing: found[0]!,
    };
    return await fetchGit(choice, context);
  }

  /** What a pin's tarball holds: text of files, `-> target`, `/` for folders; modes only where they are 755. */
  async tree(pin: GitPin): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const member of readSourceTree(this.store, pin.archive, '')) {
      if (member.path === '') continue;
      const body = (await collect(member.body)).toString('utf8');
      if (member.kind === 'dir') found[member.path] = '/';
      else if (member.kind === 'symlink') found[member.path] = `-> ${member.linkTarget}`;
      else found[member.path] = (member.mode === 0o755 ? '755 ' : '') + body;
    }
    return found;
  }

  /** Everything below store and cache that is more than what whole runs leave. */
  async leftovers(): Promise<string[]> {
    const names = await readdir(this.folder, { recursive: true, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .filter((name) => name.startsWith('store/') || name.startsWith('cache/'))
      .sort();
  }
}

/** The fault that a promise ends with. */
export async function faultOf(promise: Promise<unknown>): Promise<LockstepError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error('there was no fault');
}
