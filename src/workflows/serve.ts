/** Serves the archive of the workspace. */
import { serveArchive, type RunningServer, type ServeOptions } from '../archive/serve.js';
import { ensureDir } from '../io/disk.js';
import type { Context } from './context.js';

/** @throws LockstepError SERVE_ADDRESS when it cannot listen there */
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

/** The port machines will ask at, when that is this machine's loopback; else a free one. */
function portOf(baseUrl: string): number {
  const { hostname, port } = new URL(baseUrl);
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) ? Number(port || 80) : 0;
}
