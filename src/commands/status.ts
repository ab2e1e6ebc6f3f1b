import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import type { StatusResult } from '../cli/results/moves.js';

export default class Status extends BaseCommand {
  static override summary = 'Show the suites, what each points at and what is due';
  static override description =
    'A row for each suite: its snapshot and how old that is, who moved it last, how long its signature holds, whether ' +
    'the archive on disk says what the history says, and what could be published or promoted next. Takes no lock and ' +
    'waits for nobody, so it works while another run is at work.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status mediawiki-1.39-stable',
    `<%= config.bin %> status --json | jq -r '.suites[] | select(.signature != "good") | .suite'`,
  ];
  static override args = {
    suite: stringArg({ description: 'a suite of lockstep.yaml; all of them otherwise' }),
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
