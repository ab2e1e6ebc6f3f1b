import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { ImportResult } from '../cli/results-import.js';

/** More packages than this are counted. */
const mostShown = 12;

export default class Import extends BaseCommand {
  static override summary = 'Take in packages that were built elsewhere, and cut a snapshot of them';
  static override description =
    'For people who come from another repository manager or build elsewhere. PATH is a folder, which is searched to the ' +
    'bottom, a .deb, a .dsc or a .changes. Every package is read through and checked; when one is not good, nothing is ' +
    'imported and everything that is wrong is listed. The new snapshot of the profile holds exactly these packages, or ' +
    'with --add these over those of its last snapshot. What leaves the set, or goes to a lower version in it, must be ' +
    'asked for: --replace, --remove, --lower. The archive is not touched: publish the id that is printed. ' +
    'The profile is one of kind "imported", which has a base and no components.';
  static override examples = [
    '<%= config.bin %> import tools /srv/reprepro/pool',
    '<%= config.bin %> import tools --add hello_2.10-4_amd64.deb',
    '<%= config.bin %> import tools --add hello_2.10-4_amd64.changes --keyring uploaders.gpg',
    '<%= config.bin %> import tools --replace /srv/reprepro/pool',
    '<%= config.bin %> import tools --remove hello',
    '<%= config.bin %> publish "$(<%= config.bin %> import tools pool)" tools-unstable',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'a file of profiles/, without .yaml' }),
    path: stringArg({ multiple: true, description: 'folders, .deb, .dsc and .changes' }),
  };
  static override flags = {
    add: boolean({
      description: "keep what is in the profile's last snapshot and not among these",
      exclusive: ['replace'],
    }),
    replace: boolean({ description: "let go what is in the profile's last snapshot and not among these" }),
    remove: string({
      helpValue: 'NAME',
      multiple: true,
      description: 'take a package out, or a source package with all that was built from it; the others stay',
      exclusive: ['replace'],
    }),
    lower: boolean({ description: 'packages may go to lower versions than in the last snapshot' }),
    keyring: string({
      helpValue: 'FILE',
      description: 'take only what a .changes or .dsc names that is signed by a key of this file',
    }),
    'dry-run': boolean({
      description: 'read and check everything, say what would change, and write nothing',
    }),
  };

  override async run(): Promise<ImportResult> {
    const { args, flags } = await this.parse(Import);
    const context = await this.context(flags);
    const { importPackages } = await import('../workflows/import.js');
    const report = await importPackages(context, {
      profile: args.profile,
      paths: args.path ?? [],
      cwd: process.cwd(),
      add: flags.add,
      replace: flags.replace,
      remove: flags.remove ?? [],
      lower: flags.lower,
      keyring: flags.keyring,
      dryRun: flags['dry-run'],
    });
    if (report.links.length > 0) {
      this.say(`Symbolic links were left alone: ${report.links.join(', ')}`);
    }
    const leaving = report.changes.filter(({ to }) => to === null);
    if (leaving.length > 0) {
      const shown = leaving
        .slice(0, mostShown)
        .map((one) => `${one.package} ${one.from} ${one.architecture}`);
      const more = leaving.length > mostShown ? `, and ${leaving.length - mostShown} more` : '';
      this.say(`${flags['dry-run'] ? 'Would leave' : 'Leave'} the set: ${shown.join(', ')}${more}`);
    }
    for (const wish of report.wants) this.say(`The import needs --${wish}`);
    if (flags['dry-run'] && !this.jsonEnabled()) {
      const { renderTable } = await import('../cli/render-table.js');
      const rows = report.changes.map((change) => [
        change.package,
        change.architecture,
        change.from ?? '',
        change.to ?? '',
      ]);
      this.log(renderTable(['package', 'architecture', 'before', 'after'], rows));
    } else if (!this.jsonEnabled()) {
      this.log(report.id);
    }
    return report;
  }
}
