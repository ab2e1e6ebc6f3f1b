/** Serves the workspace's archive over HTTP. */
import { serveArchive, type RunningServer, type ServeOptions } from '../../archive/static-server.js';
import { ensureDir } from '../../io/disk.js';
import { isImported } from '../../profile/load.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { publishedSuites } from '../keys/keyring-package.js';

/** @throws LockstepError SERVE_ADDRESS when it cannot listen on the address */
export async function serve(
  context: Context,
  wanted: { host: string; port: number | undefined; onAnswer: NonNullable<ServeOptions['onAnswer']> },
): Promise<RunningServer> {
  await ensureDir(context.places.public);
  return await serveArchive({
    root: context.places.public,
    host: wanted.host,
    port: wanted.port ?? portOf(context.workspace.archive.baseUrl),
    signal: context.signal,
    onAnswer: wanted.onAnswer,
  });
}

/** A suite that machines can follow. */
export interface FollowableSuite {
  suite: string;
  /** The package that machines install; null for a profile of imported packages. */
  metapackage: string | null;
}

/** The published suites, in the order of lockstep.yaml. Profiles with faults are left out; `check` reports them. */
export async function followableSuites(context: Context): Promise<FollowableSuite[]> {
  const run = await openRun(context);
  const published = await publishedSuites(run);
  const suites: FollowableSuite[] = [];
  for (const [suite, { profile: name }] of Object.entries(context.workspace.suites)) {
    if (!published.has(suite)) continue;
    const profile = run.profiles.readable(name);
    if (profile === undefined) continue;
    suites.push({ suite, metapackage: isImported(profile) ? null : profile.metapackage.name });
  }
  return suites;
}

/** The port of `baseUrl` if its host is this machine's loopback; otherwise a free port. */
function portOf(baseUrl: string): number {
  const { hostname, port } = new URL(baseUrl);
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) ? Number(port || 80) : 0;
}
