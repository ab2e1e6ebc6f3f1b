import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import type { HistoryResult } from '../workflows/reading/reading-results.js';

export default class History extends BaseCommand {
  static override summary = 'Show the moves of a suite: when, by whom, from which snapshot to which, and why';
  static override description =
    'Lists the newest move first. A history is a chain of signed lines: a changed line is an ' +
    'error, and a line with an invalid signature is named. It writes nothing.';
  static override examples = [
    '<%= config.bin %> history mediawiki-1.39-stable',
    "<%= config.bin %> history mediawiki-1.39-stable --json | jq -r '.moves[0].reason'",
  ];
  static override args = {
    suite: stringArg({ required: true, description: 'a suite of lockstep.yaml, or a former one' }),
  };

  override async run(): Promise<HistoryResult> {
    const { args, flags } = await this.parse(History);
    const context = await this.context(flags);
    const [{ history }, { renderHistory }, { cleanLine }] = await Promise.all([
      import('../workflows/reading/history.js'),
      import('../cli/render/snapshots.js'),
      import('../plain-text.js'),
    ]);
    const report = await history(context, args.suite);
    if (report.note !== null) this.say(report.note);
    for (const fault of report.faults) this.say(`Do not trust this: ${cleanLine(fault)}`);
    if (report.moves.length === 0) this.say(`The suite ${report.suite} has no moves yet.`);
    else if (!this.jsonEnabled()) this.log(renderHistory(report, this.columns));
    return report;
  }
}
