import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { GcReport, GcResult } from '../workflows/upkeep/upkeep-results.js';
import { LockstepError } from '../errors.js';

export default class Gc extends BaseCommand {
  static override summary = 'Remove unreferenced files';
  static override description =
    'Removes packages of dropped snapshots, indices of earlier generations, data derived from ' +
    'removed manifests, files in the content store that no workspace refers to, and files left by ' +
    'killed runs. A file is removed once it was unreferenced for the grace period, so clients that ' +
    'read the archive earlier still find the files that it listed. gc never removes snapshots; use ' +
    'drop. With --cache, gc prunes only the cache: it removes entries that were unused for longer ' +
    'than the maximum age, then the least recently used ones until the rest fits the maximum size. ' +
    'It keeps entries that a workspace refers to or that were used within a day.';
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
      description: 'how long a file must have been unreferenced: a number and s, m, h, d or w',
    }),
    cache: boolean({ description: 'prune only the cache that all workspaces share' }),
    'max-age': string({
      helpValue: 'TIME',
      dependsOn: ['cache'],
      description: 'how long a cache entry may be unused (default: LOCKSTEP_CACHE_AGE, or 30d)',
    }),
    'max-size': string({
      helpValue: 'SIZE',
      dependsOn: ['cache'],
      description:
        'maximum size of the cache: a number and K, M, G or T (default: LOCKSTEP_CACHE_SIZE, or 50G)',
    }),
    'dry-run': boolean({ description: 'show what would be removed, and remove nothing' }),
  };

  override async run(): Promise<GcResult> {
    const { flags } = await this.parse(Gc);
    if (flags.cache) {
      return await this.#prune(flags, { age: flags['max-age'], size: flags['max-size'] });
    }
    const [{ gc }, { explainGc }, { parseDuration }] = await Promise.all([
      import('../workflows/upkeep/gc.js'),
      import('../cli/explain/upkeep.js'),
      import('../profile/duration.js'),
    ]);
    const grace = /^0[smhdw]?$/.test(flags.grace) ? 0 : parseDuration(flags.grace);
    if (grace === undefined) {
      throw new LockstepError('USAGE', {
        message: `--grace is not a duration: ${JSON.stringify(flags.grace)}`,
        hint: 'Write a number and s, m, h, d or w, as in 14d',
      });
    }
    const context = await this.context(flags);
    // oclif leaves a flag that was not given undefined
    const dryRun = flags['dry-run'] === true;
    const report = await gc(context, { grace, dryRun });
    return await this.#told(report, explainGc(report, dryRun), dryRun);
  }

  async #told(report: GcReport, text: string, dryRun: boolean): Promise<GcResult> {
    const { removed, waiting, finished, notes } = report;
    if (!this.jsonEnabled())
      for (const { kind, path, bytes } of removed) this.log(`${kind}\t${bytes}\t${path}`);
    this.say(text);
    const { sumsByKind } = await import('../cli/explain/upkeep.js');
    return { dryRun, kinds: sumsByKind(report), removed, waiting, finished, notes };
  }

  async #prune(
    flags: { workspace: string; 'dry-run'?: boolean },
    given: { age: string | undefined; size: string | undefined },
  ): Promise<GcResult> {
    const [{ cacheLimits, gcCache }, { explainCacheGc }] = await Promise.all([
      import('../workflows/upkeep/gc-cache.js'),
      import('../cli/explain/upkeep.js'),
    ]);
    const limits = cacheLimits(process.env, given);
    const context = await this.context(flags);
    const dryRun = flags['dry-run'] === true;
    const report = await gcCache(context, { ...limits, dryRun });
    return await this.#told(report, explainCacheGc(report, dryRun), dryRun);
  }
}
