import { string as stringArg } from '@oclif/core/args';
import { boolean, option, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { InitResult } from '../workflows/workspace/workspace-results.js';
import { starters } from '../profile/starters.js';

export default class Init extends BaseCommand {
  static override summary = 'Create a new workspace';
  static override description =
    'Writes lockstep.yaml, MediaWiki profiles with the templates of their packages, and schemas ' +
    'for editors to DIR: two LTS releases with their suites, and two profiles that follow git ' +
    'repositories, whose addresses you fill in. It overwrites no existing file. For packages that ' +
    'are built elsewhere, write a profile of kind "imported" instead and use lockstep import.';
  static override examples = [
    '<%= config.bin %> init wiki-releases',
    '<%= config.bin %> init wiki-releases --name wikifarm --base-url https://packages.example.org',
    '<%= config.bin %> init web-releases --template web-stack',
    '<%= config.bin %> init tool-releases --empty',
    '<%= config.bin %> init wiki-releases --dry-run --json',
  ];
  static override args = {
    dir: stringArg({ required: true, description: 'the folder to create or to fill' }),
  };
  static override flags = {
    template: option({
      options: starters,
      description: 'the example to begin with (default: mediawiki)',
      exclusive: ['empty'],
    })(),
    empty: boolean({ description: 'no example: no profile and no suite' }),
    name: string({
      description:
        'name of the archive: lower-case letters, digits, hyphens (default: the name of the folder)',
    }),
    origin: string({ description: 'Origin and Label of its Release files' }),
    'base-url': string({ description: 'URL where machines find the archive' }),
    maintainer: string({ description: 'maintainer of the packages it makes: Name <address>' }),
    'dry-run': boolean({ description: 'show which files would be written, and write nothing' }),
  };

  override async run(): Promise<InitResult> {
    const { args, flags } = await this.parse(Init);
    const { initWorkspace } = await import('../workflows/workspace/init.js');
    const [{ home }, { explainInit }] = await Promise.all([
      import('../cli/wire.js'),
      import('../cli/explain/init.js'),
    ]);
    const result = await initWorkspace(args.dir, {
      home,
      dryRun: flags['dry-run'],
      template: flags.empty ? null : (flags.template ?? 'mediawiki'),
      name: flags.name,
      origin: flags.origin,
      baseUrl: flags['base-url'],
      maintainer: flags.maintainer,
    });
    if (flags['dry-run']) for (const file of result.files) this.log(file);
    else for (const line of explainInit(result, flags.template !== undefined)) this.say(line);
    return result;
  }
}
