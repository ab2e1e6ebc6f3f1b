import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import type { ResolveResult } from '../cli/results.js';

export default class Resolve extends BaseCommand {
  static override summary = 'Resolve a profile to exact versions, each proven';
  static override description =
    'Looks at what the base release, its updates and its security suite have, takes the highest version in the range ' +
    'of each component, fetches it into the content store and checks it. Prints the pins, and who vouches for them.';
  static override examples = [
    '<%= config.bin %> resolve mediawiki-1.39',
    '<%= config.bin %> resolve mediawiki-1.39 --json | jq .components.parsoid.upstreamVersion',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'a file of profiles/, without .yaml' }),
  };

  override async run(): Promise<ResolveResult> {
    const { args, flags } = await this.parse(Resolve);
    const context = await this.context(flags);
    const [{ resolve }, { pinRows, renderTable }] = await Promise.all([
      import('../workflows/resolve.js'),
      import('../cli/render-table.js'),
    ]);
    const { profile, pins } = await resolve(context, args.profile);
    if (!this.jsonEnabled())
      this.log(renderTable(['component', 'version', 'package', 'from', 'vouched for by'], pinRows(pins)));
    const { distribution, release, codename, architectures } = profile.base;
    return {
      profile: profile.name,
      base: { distribution, release, codename, architectures },
      components: Object.fromEntries(pins),
    };
  }
}
