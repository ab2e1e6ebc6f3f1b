import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { BuildResult } from '../workflows/release/release-results.js';
import { sourceChoices, sourceFlags } from '../cli/source-flags.js';

export default class Build extends BaseCommand {
  static override summary = 'Build the packages of a profile';
  static override description =
    'Resolves the profile and builds everything that is not built yet: its components, then the ' +
    'packages that Lockstep composes. It cuts no snapshot and publishes nothing. Prints each ' +
    'package with its file in the content store.';
  static override examples = [
    '<%= config.bin %> build mediawiki-1.39',
    '<%= config.bin %> build mediawiki-1.39 --dry-run',
    '<%= config.bin %> build mediawiki-1.39 --with parsoid=../parsoid',
    "<%= config.bin %> build mediawiki-1.39 --json | jq -r '.packages[].file'",
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'name of a file in profiles/, without .yaml' }),
  };
  static override flags = {
    ...sourceFlags,
    'dry-run': boolean({ description: 'fetch and verify the sources, print the plan, and build nothing' }),
  };

  override async run(): Promise<BuildResult> {
    const { args, flags } = await this.parse(Build);
    const choices = await sourceChoices(flags);
    const context = await this.context(flags);
    const [{ build }, { buildRows, builtRows, renderTable }] = await Promise.all([
      import('../workflows/release/build.js'),
      import('../cli/render/table.js'),
    ]);
    const report = await build(context, args.profile, { dryRun: flags['dry-run'], ...choices });
    if (this.jsonEnabled()) return report;
    this.log(
      flags['dry-run']
        ? renderTable(
            ['component', 'package', 'version', 'method', 'state'],
            buildRows(report.builds),
            this.columns,
          )
        : renderTable(['package', 'version', 'file'], builtRows(report.packages), this.columns),
    );
    return report;
  }
}
