import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { ReleaseResult } from '../workflows/release/release-results.js';
import { sourceChoices, sourceFlags } from '../cli/source-flags.js';
import type { MovePlan } from '../workflows/move/suite-move.js';
import type { ReleasePlan } from '../workflows/release/release.js';

export default class Release extends BaseCommand {
  static override summary = 'Resolve, build, cut and publish a profile';
  static override description =
    'Runs the four steps in order and prints the plan first. It does not rebuild unchanged ' +
    'packages. If the set equals the last snapshot, no new snapshot is cut. If the archive already ' +
    'has the snapshot, it does not change. Without --suite, the snapshot is published in the ' +
    "profile's suite of the lowest trust level.";
  static override examples = [
    '<%= config.bin %> release mediawiki-1.39',
    '<%= config.bin %> release mediawiki-1.39 --dry-run',
    '<%= config.bin %> release mediawiki-1.39 --security CVE-2026-34087,CVE-2026-34088',
    '<%= config.bin %> release mediawiki-1.39 --with parsoid=../parsoid',
    '<%= config.bin %> release mediawiki-1.39 --reason "MediaWiki 1.39.17" --json',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'name of a file in profiles/, without .yaml' }),
  };
  static override flags = {
    suite: string({ description: 'the suite to publish in' }),
    reason: string({ description: "the reason, for the suite's history" }),
    security: string({
      multiple: true,
      helpValue: 'CVE-ID,...',
      description: 'CVE ids that this snapshot fixes, for diff, history and machines; can be repeated',
    }),
    lower: boolean({ description: 'allow lower versions than the suite has now' }),
    ...sourceFlags,
    'dry-run': boolean({ description: 'fetch and verify the sources, print the plan, and stop' }),
  };

  override async run(): Promise<ReleaseResult> {
    const { args, flags } = await this.parse(Release);
    const { parseCveIds } = await import('../snapshot/cve.js');
    const security = parseCveIds(flags.security ?? []);
    const context = await this.context(flags);
    const [{ planRelease, release }, { buildRows, renderTable }, { explainPublication }] = await Promise.all([
      import('../workflows/release/release.js'),
      import('../cli/render/table.js'),
      import('../cli/explain/move.js'),
    ]);
    const table = (plan: ReleasePlan): string =>
      renderTable(['component', 'package', 'version', 'method', 'state'], buildRows(plan.builds));
    const request = {
      profile: args.profile,
      suite: flags.suite,
      reason: flags.reason,
      security,
      lower: flags.lower,
      ...(await sourceChoices(flags)),
      onPlan: (plan: ReleasePlan) =>
        this.say(`Plan for ${plan.profile}, for publication in ${plan.suite}:\n${table(plan)}`),
      onMove: (move: MovePlan) => explainPublication(move).forEach((line) => this.say(line)),
    };
    if (flags['dry-run']) {
      const plan = await planRelease(context, request);
      if (!this.jsonEnabled()) this.log(table(plan));
      return { ...plan, snapshot: null, cut: false, security: [], publication: null };
    }
    const report = await release(context, request);
    const { explainRelease, unrecordedFlags } = await import('../cli/explain/release.js');
    for (const line of unrecordedFlags(security, report.security, report.snapshot)) this.say(line);
    this.say(explainRelease(report, context));
    if (!this.jsonEnabled()) this.log(report.snapshot);
    return report;
  }
}
