import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { CutResult } from '../cli/results.js';

export default class Cut extends BaseCommand {
  static override summary = 'Cut a snapshot of a profile';
  static override description =
    'Resolves and builds what is not built yet, vets the packages, and writes the signed manifest below snapshots/. The ' +
    'archive is not touched. A set that equals the last snapshot is not cut again: the id printed is then that one.';
  static override examples = [
    '<%= config.bin %> cut mediawiki-1.39',
    '<%= config.bin %> cut mediawiki-1.39 --dry-run',
    '<%= config.bin %> publish "$(<%= config.bin %> cut mediawiki-1.39)" mediawiki-1.39-unstable',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'a file of profiles/, without .yaml' }),
  };
  static override flags = {
    'dry-run': boolean({ description: 'build and compare, and write no manifest' }),
  };

  override async run(): Promise<CutResult> {
    const { args, flags } = await this.parse(Cut);
    const context = await this.context(flags);
    const { cut } = await import('../workflows/release.js');
    const report = await cut(context, args.profile, { dryRun: flags['dry-run'] });
    if (!this.jsonEnabled()) this.log(report.id);
    return report;
  }
}
