import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import type { SnapshotsResult } from '../workflows/reading/reading-results.js';

export default class Snapshots extends BaseCommand {
  static override summary = 'List the snapshots, newest first';
  static override description =
    'Shows for each snapshot a summary of the changes since its parent, the CVE ids it is flagged ' +
    'with, and the suites that point at it or still list it. It writes nothing.';
  static override examples = [
    '<%= config.bin %> snapshots',
    '<%= config.bin %> snapshots mediawiki-1.39',
    "<%= config.bin %> snapshots mediawiki-1.39 --json | jq -r '.snapshots[0].id'",
  ];
  static override args = {
    profile: stringArg({ description: 'only snapshots of this profile' }),
  };

  override async run(): Promise<SnapshotsResult> {
    const { args, flags } = await this.parse(Snapshots);
    const context = await this.context(flags);
    const [{ snapshots }, { renderSnapshots }] = await Promise.all([
      import('../workflows/reading/snapshots.js'),
      import('../cli/render/snapshots.js'),
    ]);
    const report = await snapshots(context, args.profile);
    for (const { id, profile, code, message } of report.unreadable)
      this.say(`The snapshot ${id} of ${profile} cannot be read: ${code}: ${message}`);
    if (report.snapshots.length === 0)
      this.say(`There are no snapshots${args.profile === undefined ? '' : ` of ${args.profile}`} yet.`);
    else if (!this.jsonEnabled()) this.log(renderSnapshots(report, this.columns));
    return report;
  }
}
