import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { PublishResult } from '../cli/results/moves.js';

export default class Publish extends BaseCommand {
  static override summary = 'Make a suite point at a snapshot';
  static override description =
    'Writes the archive below public/: pool, indices under their hashes, indices by name, Release, InRelease last. ' +
    'Clients see the old archive or the new one, whatever happens in between. Publishing what is there already writes ' +
    'nothing, unless its signatures are past half of their time. The snapshot must be for the base release that the suite ' +
    'has. A change of the database schema is reported. A package gets a lower version than the suite has now only with ' +
    '--lower.';
  static override examples = [
    '<%= config.bin %> publish 20261123T101530Z mediawiki-1.39-unstable --reason "MediaWiki 1.39.17"',
    '<%= config.bin %> publish 20261123T101530Z mediawiki-1.39-unstable --dry-run --json',
  ];
  static override args = {
    id: stringArg({ required: true, description: 'a snapshot' }),
    suite: stringArg({ required: true, description: 'a suite of lockstep.yaml' }),
  };
  static override flags = {
    reason: string({ description: "why, for the suite's history" }),
    lower: boolean({ description: 'packages may go to lower versions than the suite has now' }),
    'dry-run': boolean({ description: 'only say what would be written' }),
  };

  override async run(): Promise<PublishResult> {
    const { args, flags } = await this.parse(Publish);
    const context = await this.context(flags);
    const [{ publish }, { explainPublication }] = await Promise.all([
      import('../workflows/move/publish.js'),
      import('../cli/explain/move.js'),
    ]);
    const { report, plan } = await publish(context, {
      ...args,
      reason: flags.reason,
      lower: flags.lower,
      dryRun: flags['dry-run'],
      onPlan: (move) => explainPublication(move).forEach((line) => this.say(line)),
    });
    if (flags['dry-run'] && !this.jsonEnabled())
      for (const write of plan.publication.writes) this.log(`${write.step}\t${write.path}`);
    return report;
  }
}
