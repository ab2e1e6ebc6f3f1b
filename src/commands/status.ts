import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import type { StatusResult } from '../workflows/reading/status-result.js';

export default class Status extends BaseCommand {
  static override summary = 'Show the suites, their snapshots and what is due';
  static override description =
    'Prints one row per suite: its snapshot and the age of the snapshot, who moved it last, how ' +
    'long its signature is valid, whether the archive on disk matches the history, and what can be ' +
    'published or promoted next. It takes no lock, so it works during another run.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status mediawiki-1.39-stable',
    `<%= config.bin %> status --json | jq -r '.suites[] | select(.signature != "good") | .suite'`,
  ];
  static override args = {
    suite: stringArg({ description: 'a suite of lockstep.yaml (default: all)' }),
  };

  override async run(): Promise<StatusResult> {
    const { args, flags } = await this.parse(Status);
    const context = await this.context(flags);
    const [{ status }, { renderStatus, statusNotes }] = await Promise.all([
      import('../workflows/reading/status.js'),
      import('../cli/render/status.js'),
    ]);
    const report = await status(context, args.suite);
    if (!this.jsonEnabled() && report.suites.length > 0) this.log(renderStatus(report, this.columns));
    for (const note of statusNotes(report)) this.say(note);
    return report;
  }
}
