import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { ImportResult } from '../cli/results/import.js';

/** More packages than this are counted. */
const mostShown = 12;

export default class Import extends BaseCommand {
  static override summary = 'Take in packages that were built elsewhere, and cut a snapshot of them';
  static override description =
    'For packages that another repository manager has, or that are built elsewhere. PATH is a .deb, a .dsc, a .changes, ' +
    'or a folder, which is searched with all its subfolders. Every package is read and checked. If one is faulty, nothing ' +
    'is imported, and every fault is listed. The new snapshot of the profile holds exactly these packages. With --add it ' +
    'also keeps the other packages of the last snapshot. A package is removed only with --replace or --remove, and gets a ' +
    'lower version only with --lower. The archive does not change until you publish the id that is printed. The profile ' +
    'must be of kind "imported": it has a base and no components.';
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
    const { importPackages } = await import('../workflows/release/import.js');
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
      const shown = listed(leaving.map(({ from, ...one }) => ({ ...one, version: from })));
      this.say(`${flags['dry-run'] ? 'Would leave' : 'Leave'} the set: ${shown}`);
    }
    if (report.passedOver.length > 0) {
      this.say(`Left out, older than the versions that the profile keeps: ${listed(report.passedOver)}`);
    }
    for (const wish of report.wants) this.say(`The import needs --${wish}`);
    if (flags['dry-run'] && !this.jsonEnabled()) {
      const { renderTable } = await import('../cli/render/table.js');
      const rows = report.changes.map((change) => [
        change.package,
        change.architecture,
        change.from ?? '',
        change.to ?? '',
      ]);
      this.log(renderTable(['package', 'architecture', 'before', 'after'], rows, this.columns));
    } else if (!this.jsonEnabled()) {
      this.log(report.id);
    }
    return report;
  }
}

/** The first of many, and how many more there are. */
function listed(
  packages: readonly { package: string; version: string | null; architecture: string }[],
): string {
  const shown = packages
    .slice(0, mostShown)
    .map((one) => `${one.package} ${one.version ?? ''} ${one.architecture}`);
  return `${shown.join(', ')}${packages.length > mostShown ? `, and ${packages.length - mostShown} more` : ''}`;
}
