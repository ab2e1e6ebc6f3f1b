import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { ReleaseResult } from '../cli/results/all.js';
import { localTrees, withFlag } from '../cli/with-flag.js';
import type { MovePlan } from '../workflows/move/suite-move.js';
import type { ReleasePlan } from '../workflows/release/release.js';

export default class Release extends BaseCommand {
  static override summary = 'Resolve, build, cut and publish a profile';
  static override description =
    'The four steps in a row, with the plan first. What did not change is not built again; a set that equals the last ' +
    'snapshot is not cut again; an archive that has it already is left alone. Without --suite the snapshot enters the ' +
    "profile's suite of the lowest trust level.";
  static override examples = [
    '<%= config.bin %> release mediawiki-1.39',
    '<%= config.bin %> release mediawiki-1.39 --dry-run',
    '<%= config.bin %> release mediawiki-1.39 --security CVE-2026-34087,CVE-2026-34088',
    '<%= config.bin %> release mediawiki-1.39 --with parsoid=../parsoid',
    '<%= config.bin %> release mediawiki-1.39 --reason "MediaWiki 1.39.17" --json',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'a file of profiles/, without .yaml' }),
  };
  static override flags = {
    suite: string({ description: 'the suite to publish in' }),
    reason: string({ description: "why, for the suite's history" }),
    security: string({
      multiple: true,
      helpValue: 'CVE-ID,...',
      description: 'what this snapshot fixes, for diff, history and machines; may be given more than once',
    }),
    lower: boolean({ description: 'packages may go to lower versions than the suite has now' }),
    with: withFlag,
    'dry-run': boolean({ description: 'fetch and prove the sources, print the plan, and stop there' }),
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
      trees: await localTrees(flags.with),
      onPlan: (plan: ReleasePlan) =>
        this.say(`Plan for ${plan.profile}, to be published in ${plan.suite}:\n${table(plan)}`),
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
