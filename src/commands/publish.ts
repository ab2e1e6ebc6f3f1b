import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { PublishResult } from '../workflows/move/move-results.js';

export default class Publish extends BaseCommand {
  static override summary = 'Make a suite point at a snapshot';
  static override description =
    'Writes the archive below public/: pool, by-hash indices, named indices, Release, and ' +
    'InRelease last. Clients see either the old archive or the new one, even after a crash. If the ' +
    'suite already has the snapshot, nothing is written, unless more than half of the validity of ' +
    'its signatures has passed. The snapshot must be for the base release of the suite. A change ' +
    'of the database schema is reported. A lower version than the suite has now requires --lower.';
  static override examples = [
    '<%= config.bin %> publish 20261123T101530Z mediawiki-1.39-unstable --reason "MediaWiki 1.39.17"',
    '<%= config.bin %> publish 20261123T101530Z mediawiki-1.39-unstable --dry-run --json',
  ];
  static override args = {
    id: stringArg({ required: true, description: 'a snapshot' }),
    suite: stringArg({ required: true, description: 'a suite of lockstep.yaml' }),
  };
  static override flags = {
    reason: string({ description: "the reason, for the suite's history" }),
    lower: boolean({ description: 'allow lower versions than the suite has now' }),
    'dry-run': boolean({ description: 'show what would be written, and write nothing' }),
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
