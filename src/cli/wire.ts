/**
 * The one place where adapters are chosen and put together. Everything below
 * gets them as arguments.
 */
import { availableParallelism, hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { DiskPort } from '../archive/disk-port.js';
import { LocalBuilder } from '../build/local-builder.js';
import { systemClock } from '../io/clock.js';
import { ContentStore } from '../io/content-store.js';
import { Http } from '../io/http.js';
import { proxyFrom } from '../io/proxy.js';
import { withoutCredentials } from '../plain-text.js';
import { loadWorkspace } from '../profile/load.js';
import type { Context, Places } from '../workflows/workspace/context.js';
import { cacheFolder, networkLimits } from './environment.js';
import { progressOutput } from './output.js';
import { LineProgress } from './render/progress-lines.js';
import { inCache } from '../io/cache-folders.js';

export interface Wiring {
  /** The workspace's folder, as typed. */
  dir: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** Lockstep's own folder: profiles, templates and schemas that a new workspace begins with. */
export const home = resolve(import.meta.dirname, '../..');

export function toolVersion(): string {
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

export function placesOf(root: string, cache: string): Places {
  const state = join(root, '.lockstep');
  return {
    cache,
    state,
    logs: join(state, 'logs'),
    snapshots: join(root, 'snapshots'),
    templates: join(root, 'templates'),
    packaging: join(root, 'packaging'),
    public: join(root, 'public'),
    temporary: inCache(cache, 'tmp'),
  };
}

/** Progress on stderr, redrawn where that is a terminal. */
export function stderrProgress(): LineProgress {
  return new LineProgress({
    ...progressOutput(),
    elapsed: () => performance.now(),
    every: (milliseconds, tick) => {
      const timer = setInterval(tick, milliseconds);
      timer.unref();
      return () => clearInterval(timer);
    },
  });
}

export async function wire(wiring: Wiring): Promise<{ context: Context; progress: LineProgress }> {
  const workspace = await loadWorkspace(wiring.dir);
  const places = placesOf(workspace.root, cacheFolder(wiring.env));
  const progress = stderrProgress();
  const store = new ContentStore(inCache(places.cache, 'store'));
  const http = new Http({
    clock: systemClock,
    proxy: proxyFrom(wiring.env),
    userAgent: `lockstep/${toolVersion()}`,
    ...networkLimits(wiring.env),
  });
  const context: Context = {
    workspace,
    places,
    store,
    archive: new DiskPort(places.public),
    builder: new LocalBuilder({
      ...{ store, http, cacheDir: places.cache, temporary: places.temporary },
      cores: availableParallelism(),
      limits: workspace.build.limits,
      now: () => systemClock.now(),
    }),
    http,
    clock: systemClock,
    progress,
    signal: wiring.signal,
    env: wiring.env,
    actor: `${userInfo().username}@${hostname()}`,
    command: withoutCredentials(['lockstep', ...process.argv.slice(2)].join(' ')),
    toolVersion: toolVersion(),
  };
  return { context, progress };
}
