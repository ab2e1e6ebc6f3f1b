import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { GcResult } from '../cli/results-upkeep.js';
import { LockstepError } from '../errors.js';

export default class Gc extends BaseCommand {
  static override summary = 'Remove files that nothing refers to any more';
  static override description =
    'Packages of dropped snapshots, indices of earlier generations, what was derived from manifests that are gone, ' +
    'what lies in the content store and no workspace refers to, and what killed runs left. Each goes once nothing has ' +
    'referred to it for the grace period, so that clients which read the archive before still find what it listed. ' +
    'Snapshots are never removed: that is what drop is for.';
  static override examples = [
    '<%= config.bin %> gc --dry-run',
    '<%= config.bin %> gc',
    '<%= config.bin %> gc --grace 2d --json',
  ];
  static override flags = {
    grace: string({
      helpValue: 'TIME',
      default: '14d',
      description: 'how long nothing must have referred to a file: a number and s, m, h, d or w',
    }),
    'dry-run': boolean({ description: 'only say what would be removed' }),
  };

  override async run(): Promise<GcResult> {
    const { flags } = await this.parse(Gc);
    const [{ gc, shownPath }, { explainGc, sumsByKind }, { parseDuration }] = await Promise.all([
      import('../workflows/gc.js'),
      import('../cli/explain-upkeep.js'),
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
}
