import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { CutResult } from '../workflows/release/release-results.js';
import { sourceChoices, sourceFlags } from '../cli/source-flags.js';

export default class Cut extends BaseCommand {
  static override summary = 'Cut a snapshot of a profile';
  static override description =
    'Resolves the profile, builds everything that is not built yet, vets the packages, and writes ' +
    'the signed manifest below snapshots/. It does not change the archive. If the set equals the ' +
    'last snapshot, no new snapshot is cut, and the id of the last one is printed.';
  static override examples = [
    '<%= config.bin %> cut mediawiki-1.39',
    '<%= config.bin %> cut mediawiki-1.39 --dry-run',
    '<%= config.bin %> cut mediawiki-1.39 --security CVE-2026-34087,CVE-2026-34088',
    '<%= config.bin %> publish "$(<%= config.bin %> cut mediawiki-1.39)" mediawiki-1.39-unstable',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'name of a file in profiles/, without .yaml' }),
  };
  static override flags = {
    security: string({
      multiple: true,
      helpValue: 'CVE-ID,...',
      description: 'CVE ids that this snapshot fixes, for diff, history and machines; can be repeated',
    }),
    ...sourceFlags,
    'dry-run': boolean({ description: 'build and compare, but write no manifest' }),
  };

  override async run(): Promise<CutResult> {
    const { args, flags } = await this.parse(Cut);
    const [{ cut }, { parseCveIds }, { unrecordedFlags }] = await Promise.all([
      import('../workflows/release/cut.js'),
      import('../snapshot/cve.js'),
      import('../cli/explain/release.js'),
    ]);
    const security = parseCveIds(flags.security ?? []);
    const choices = await sourceChoices(flags);
    const context = await this.context(flags);
    const report = await cut(context, args.profile, { dryRun: flags['dry-run'], security, ...choices });
    for (const line of unrecordedFlags(security, report.security, report.id)) this.say(line);
    if (!this.jsonEnabled()) this.log(report.id);
    return report;
  }
}
