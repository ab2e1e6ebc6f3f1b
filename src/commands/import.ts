import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { ImportResult } from '../workflows/release/release-results.js';

/** More packages than this are counted. */
const mostShown = 12;

export default class Import extends BaseCommand {
  static override summary = 'Import packages that were built elsewhere, and cut a snapshot of them';
  static override description =
    'Imports packages from another repository manager or from another build system. PATH is a ' +
    '.deb, a .dsc, a .changes, or a folder, which is searched with all its subfolders. Lockstep ' +
    'reads and checks every package. If one has a fault, Lockstep imports nothing and lists every ' +
    'fault. The new snapshot of the profile holds exactly these packages. With --add it also keeps ' +
    'the other packages of the last snapshot. A package is removed only with --replace or ' +
    '--remove, and gets a lower version only with --lower. The archive does not change until you ' +
    'publish the id that is printed. The profile must be of kind "imported": it has a base and no ' +
    'components.';
  static override examples = [
    '<%= config.bin %> import tools /srv/reprepro/pool',
    '<%= config.bin %> import tools --add hello_2.10-4_amd64.deb',
    '<%= config.bin %> import tools --add hello_2.10-4_amd64.changes --keyring uploaders.gpg',
    '<%= config.bin %> import tools --replace /srv/reprepro/pool',
    '<%= config.bin %> import tools --remove hello',
    '<%= config.bin %> publish "$(<%= config.bin %> import tools pool)" tools-unstable',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'name of a file in profiles/, without .yaml' }),
    path: stringArg({ multiple: true, description: 'folders, .deb, .dsc and .changes' }),
  };
  static override flags = {
    add: boolean({
      description: 'keep the packages of the last snapshot that are not among these',
      exclusive: ['replace'],
    }),
    replace: boolean({ description: 'remove the packages of the last snapshot that are not among these' }),
    remove: string({
      helpValue: 'NAME',
      multiple: true,
      description: 'remove a package, or a source package with all packages built from it; keep the others',
      exclusive: ['replace'],
    }),
    lower: boolean({ description: 'allow lower versions than in the last snapshot' }),
    keyring: string({
      helpValue: 'FILE',
      description: 'accept only files named by a .changes or .dsc that is signed with a key of this file',
    }),
    'dry-run': boolean({
      description: 'read and check everything, show what would change, and write nothing',
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
    if (report.others.length > 0) {
      this.say(`Packages of the installer and of debug symbols were ignored: ${report.others.join(', ')}`);
    }
    if (report.links.length > 0) {
      this.say(`Symbolic links were ignored: ${report.links.join(', ')}`);
    }
    const leaving = report.changes.filter(({ to }) => to === null);
    if (leaving.length > 0) {
      const shown = listed(leaving.map(({ from, ...one }) => ({ ...one, version: from })));
      this.say(`${flags['dry-run'] ? 'Would be removed' : 'Leave'}: ${shown}`);
    }
    if (report.passedOver.length > 0) {
      this.say(
        `Left out, because they are older than the versions that the profile keeps: ${listed(report.passedOver)}`,
      );
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
