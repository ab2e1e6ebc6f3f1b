import { string as stringArg } from '@oclif/core/args';
import { boolean, option, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { InitResult } from '../cli/results/all.js';
import { starters } from '../profile/starters.js';

export default class Init extends BaseCommand {
  static override summary = 'Make a new workspace';
  static override description =
    'Writes lockstep.yaml, schemas for editors, and an example to change into your own into DIR. Nothing that is there ' +
    'is overwritten. --template mediawiki, also without the flag: two LTS releases of MediaWiki with their suites, and ' +
    'two profiles that follow git repositories, whose addresses are to be filled in. --template web-stack: one small ' +
    "profile of Debian's own packages (nginx, Varnish, memcached) with two suites. --empty: no profile and no suite; " +
    'docs/how-to/make-your-own-profile.md says how to write them. For packages that are built elsewhere, write a ' +
    'profile of kind "imported" and use lockstep import.';
  static override examples = [
    '<%= config.bin %> init wiki-releases',
    '<%= config.bin %> init wiki-releases --name wikifarm --base-url https://packages.example.org',
    '<%= config.bin %> init web-releases --template web-stack',
    '<%= config.bin %> init tool-releases --empty',
    '<%= config.bin %> init wiki-releases --dry-run --json',
  ];
  static override args = {
    dir: stringArg({ required: true, description: 'the folder to make or to fill' }),
  };
  static override flags = {
    template: option({
      options: starters,
      description: 'the example that it begins with; mediawiki without this flag',
      exclusive: ['empty'],
    })(),
    empty: boolean({ description: 'no example: no profile and no suite' }),
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
