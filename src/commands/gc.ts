import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { GcResult } from '../cli/results/upkeep.js';
import { LockstepError } from '../errors.js';

export default class Gc extends BaseCommand {
  static override summary = 'Remove files that nothing refers to any more';
  static override description =
    'Packages of dropped snapshots, indices of earlier generations, what was derived from manifests that are gone, ' +
    'what lies in the content store and no workspace refers to, and what killed runs left. Each goes once nothing has ' +
    'referred to it for the grace period, so that clients which read the archive before still find what it listed. ' +
    'Snapshots are never removed: that is what drop is for. With --cache the cache is pruned in place of all that: what ' +
    'was not used for the longest age goes, then the longest unused until the rest fits the largest size. What a ' +
    'workspace refers to stays, and so does what was used within a day.';
  static override examples = [
    '<%= config.bin %> gc --dry-run',
    '<%= config.bin %> gc',
    '<%= config.bin %> gc --grace 2d --json',
    '<%= config.bin %> gc --cache --dry-run',
    '<%= config.bin %> gc --cache --max-age 1w --max-size 20G',
  ];
  static override flags = {
    grace: string({
      helpValue: 'TIME',
      default: '14d',
      description: 'how long nothing must have referred to a file: a number and s, m, h, d or w',
    }),
    cache: boolean({ description: 'prune the cache that all workspaces share, and nothing else' }),
    'max-age': string({
      helpValue: 'TIME',
      dependsOn: ['cache'],
      description: 'how long something in the cache may be unused; 30d, or LOCKSTEP_CACHE_AGE',
    }),
    'max-size': string({
      helpValue: 'SIZE',
      dependsOn: ['cache'],
      description: 'how large the cache may be: a number and K, M, G or T; 50G, or LOCKSTEP_CACHE_SIZE',
    }),
    'dry-run': boolean({ description: 'only say what would be removed' }),
  };

  override async run(): Promise<GcResult> {
    const { flags } = await this.parse(Gc);
    if (flags.cache) {
      return await this.#prune(flags, { age: flags['max-age'], size: flags['max-size'] });
    }
    const [{ gc, shownPath }, { explainGc, sumsByKind }, { parseDuration }] = await Promise.all([
      import('../workflows/upkeep/gc.js'),
      import('../cli/explain/upkeep.js'),
      import('../profile/duration.js'),
    ]);
    const grace = /^0[smhdw]?$/.test(flags.grace) ? 0 : parseDuration(flags.grace);
    if (grace === undefined) {
      throw new LockstepError('USAGE', {
        message: `--grace is no length of time: ${JSON.stringify(flags.grace)}`,
        hint: 'Write a number and s, m, h, d or w, as in 14d',
      });
    }
    const context = await this.context(flags);
    // oclif leaves a flag that was not given undefined
    const dryRun = flags['dry-run'] === true;
    const report = await gc(context, { grace, dryRun });
    const rows = report.removed.map((item) => ({ kind: item.kind, path: shownPath(item), bytes: item.size }));
    if (!this.jsonEnabled()) for (const { kind, path, bytes } of rows) this.log(`${kind}\t${bytes}\t${path}`);
    this.say(explainGc(report, dryRun));
    return {
      dryRun,
      kinds: sumsByKind(report),
      removed: rows,
      waiting: report.waiting.map((item) => ({
        kind: item.kind,
        path: shownPath(item),
        bytes: item.size,
        until: item.until.toISOString(),
      })),
      finished: report.finished,
      notes: report.notes,
    };
  }

  async #prune(
    flags: { workspace: string; 'dry-run'?: boolean },
    given: { age: string | undefined; size: string | undefined },
  ): Promise<GcResult> {
    const [{ cacheLimits, gcCache }, { explainCacheGc, cacheSums }] = await Promise.all([
      import('../workflows/upkeep/gc-cache.js'),
      import('../cli/explain/upkeep.js'),
    ]);
    const limits = cacheLimits(process.env, given);
    const context = await this.context(flags);
    const dryRun = flags['dry-run'] === true;
    const report = await gcCache(context, { ...limits, dryRun });
    const removed = report.remove.map(({ folder, path, size }) => ({ kind: folder, path, bytes: size }));
    if (!this.jsonEnabled())
      for (const { kind, path, bytes } of removed) this.log(`${kind}\t${bytes}\t${path}`);
    this.say(explainCacheGc(report, dryRun));
    return { dryRun, kinds: cacheSums(report), removed, waiting: [], finished: [], notes: report.notes };
  }
}
