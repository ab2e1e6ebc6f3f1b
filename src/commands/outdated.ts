import { string as stringArg } from '@oclif/core/args';
import { string as stringFlag } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { OutdatedResult } from '../workflows/release/release-results.js';

export default class Outdated extends BaseCommand {
  static override summary = 'Show which components have newer versions';
  static override description =
    'Shows for each component the version in the last snapshot, the newest version in the range of ' +
    'the profile, and the newest of all versions in the suites of the base release, in git tags ' +
    'and branches, or in tarballs. It writes nothing, and checks each component separately; ' +
    '"lockstep resolve" shows which versions fit together.';
  static override examples = [
    '<%= config.bin %> outdated',
    '<%= config.bin %> outdated mediawiki-1.39',
    '<%= config.bin %> outdated --suite mediawiki-1.39-stable',
    `<%= config.bin %> outdated --json | jq -r '.profiles[].components[] | select(.standing == "behind") | .component'`,
  ];
  static override args = {
    profile: stringArg({ description: 'name of a file in profiles/, without .yaml (default: all)' }),
  };
  static override flags = {
    suite: stringFlag({
      helpValue: 'SUITE',
      description: 'compare with the snapshot of this suite instead of the last snapshot',
    }),
  };

  override async run(): Promise<OutdatedResult> {
    const { args, flags } = await this.parse(Outdated);
    const context = await this.context(flags);
    const [{ outdated }, { renderOutdated }] = await Promise.all([
      import('../workflows/release/outdated.js'),
      import('../cli/render/resolution.js'),
    ]);
    const report = await outdated(context, { profile: args.profile, suite: flags.suite });
    if (!this.jsonEnabled() && report.profiles.length > 0) this.log(renderOutdated(report, this.columns));
    for (const note of report.notes) this.say(note);
    return report;
  }
}
