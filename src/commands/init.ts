import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { InitResult } from '../cli/results/all.js';

export default class Init extends BaseCommand {
  static override summary = 'Make a new workspace';
  static override description =
    'Writes lockstep.yaml, MediaWiki profiles with the templates of their packages, and schemas for editors ' +
    'into DIR: two LTS releases with their suites, and two that follow git repositories, whose addresses are to be ' +
    'filled in. Nothing that is there is overwritten. For packages that are built elsewhere, write a profile of kind ' +
    '"imported" instead and use lockstep import.';
  static override examples = [
    '<%= config.bin %> init wiki-releases',
    '<%= config.bin %> init wiki-releases --name wikifarm --base-url https://packages.example.org',
    '<%= config.bin %> init wiki-releases --dry-run --json',
  ];
  static override args = {
    dir: stringArg({ required: true, description: 'the folder to make or to fill' }),
  };
  static override flags = {
    name: string({
      description: "the archive's name: lower-case letters, digits, hyphens; the folder's otherwise",
    }),
    origin: string({ description: 'Origin and Label of its Release files' }),
    'base-url': string({ description: 'where machines will find the archive' }),
    maintainer: string({ description: 'maintainer of the packages it makes: Name <address>' }),
    'dry-run': boolean({ description: 'only say which files would be written' }),
  };

  override async run(): Promise<InitResult> {
    const { args, flags } = await this.parse(Init);
    const { initWorkspace } = await import('../workflows/workspace/init.js');
    const { home } = await import('../cli/wire.js');
    const result = await initWorkspace(args.dir, {
      home,
      dryRun: flags['dry-run'],
      name: flags.name,
      origin: flags.origin,
      baseUrl: flags['base-url'],
      maintainer: flags.maintainer,
    });
    if (flags['dry-run']) for (const file of result.files) this.log(file);
    else
      this.say(
        `A workspace with ${result.files.length} files is in ${result.workspace}. Next: lockstep key generate`,
      );
    return result;
  }
}
