import { string as stringArg } from '@oclif/core/args';
import { string as stringFlag } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { OutdatedResult } from '../cli/results/resolution.js';

export default class Outdated extends BaseCommand {
  static override summary = 'Show which components have newer versions';
  static override description =
    'For each component the version of the last snapshot, the newest one in the range of the profile, and the newest ' +
    'of all: of the suites of the base release, of git tags and branches, of tarballs. It reads only, and looks at ' +
    'each component by itself; "lockstep resolve" says which versions go together.';
  static override examples = [
    '<%= config.bin %> outdated',
    '<%= config.bin %> outdated mediawiki-1.39',
    '<%= config.bin %> outdated --suite mediawiki-1.39-stable',
    `<%= config.bin %> outdated --json | jq -r '.profiles[].components[] | select(.standing == "behind") | .component'`,
  ];
  static override args = {
    profile: stringArg({ description: 'a file of profiles/, without .yaml; all of them otherwise' }),
  };
  static override flags = {
    suite: stringFlag({
      helpValue: 'SUITE',
      description: 'compare with what this suite points at, and not with the last snapshot',
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
