import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { ResolveResult } from '../workflows/release/release-results.js';
import { sourceChoices, sourceFlags } from '../cli/source-flags.js';

export default class Resolve extends BaseCommand {
  static override summary = 'Resolve a profile to exact, verified versions that fit together';
  static override description =
    'Reads the available versions of each component (the base release with its updates and ' +
    'security suite, git tags and branches, tarballs), selects the newest versions that satisfy ' +
    'the ranges of the profile and the demands of the source trees, fetches them into the content ' +
    'store and verifies them. Prints the pins with their provenance. If no versions fit together, ' +
    'it shows which demands contradict each other and which version would help.';
  static override examples = [
    '<%= config.bin %> resolve mediawiki-1.39',
    '<%= config.bin %> resolve mediawiki-1.39 --demands',
    '<%= config.bin %> resolve mediawiki-1.39 --explain parsoid',
    '<%= config.bin %> resolve mediawiki-1.39 --json | jq .components.parsoid.upstreamVersion',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'name of a file in profiles/, without .yaml' }),
  };
  static override flags = {
    explain: string({
      helpValue: 'COMPONENT',
      description: 'explain why this version of a component was chosen and not a newer one',
    }),
    demands: boolean({ description: 'print the demands of all components', exclusive: ['explain'] }),
    ...sourceFlags,
  };

  override async run(): Promise<ResolveResult> {
    const { args, flags } = await this.parse(Resolve);
    const choices = await sourceChoices(flags);
    const context = await this.context(flags);
    const [{ resolve }, { lookAtBase, pinnedSources }, { pinRows, renderTable }] = await Promise.all([
      import('../workflows/release/resolve.js'),
      import('../workflows/release/behind-base.js'),
      import('../cli/render/table.js'),
    ]);
    const resolution = await resolve(context, args.profile, { ...choices, explain: flags.explain });
    const { profile, pins, demands, skipped, explanation, sources } = resolution;
    const ahead = await lookAtBase(context, pinnedSources(context, resolution), sources);
    if (!this.jsonEnabled()) {
      if (explanation !== undefined) {
        const { renderChoice } = await import('../cli/render/resolution.js');
        this.log(renderChoice(explanation));
      } else if (flags.demands) {
        const { renderDemands } = await import('../cli/render/demands.js');
        this.log(renderDemands(demands));
      } else {
        this.log(
          renderTable(
            ['component', 'version', 'package', 'from', 'vouched for by'],
            pinRows(pins),
            this.columns,
          ),
        );
      }
    }
    const { distribution, release, codename, architectures } = profile.base;
    return {
      profile: profile.name,
      base: { distribution, release, codename, architectures },
      components: Object.fromEntries(pins),
      demands,
      skipped,
      ahead,
      ...(explanation === undefined ? {} : { explanation }),
    };
  }
}
