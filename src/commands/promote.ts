import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { PromoteResult } from '../workflows/move/move-results.js';

export default class Promote extends BaseCommand {
  static override summary = 'Copy a snapshot from one suite to one of a higher trust level';
  static override description =
    'Makes TO-SUITE point at the snapshot of FROM-SUITE, or at ID, which must be a current or ' +
    'former good snapshot of FROM-SUITE. The packages are the same files; nothing is rebuilt. Both ' +
    'suites must have the same profile and base release. Before it writes, it shows what each kind ' +
    'of machine will do. A change of the database schema requires --schema-change. Lower versions ' +
    'than TO-SUITE has now require --lower.';
  static override examples = [
    '<%= config.bin %> promote mediawiki-1.39-unstable mediawiki-1.39-stable --dry-run',
    '<%= config.bin %> promote mediawiki-1.39-unstable mediawiki-1.39-stable --reason "a week without faults"',
    '<%= config.bin %> promote mediawiki-1.39-unstable mediawiki-1.39-stable 20261123T101530Z --json',
  ];
  static override args = {
    'from-suite': stringArg({ required: true, description: 'the suite to copy from' }),
    'to-suite': stringArg({ required: true, description: 'the suite that moves' }),
    id: stringArg({ description: 'a current or former good snapshot of FROM-SUITE' }),
  };
  static override flags = {
    reason: string({ description: "the reason, for the suite's history" }),
    'schema-change': boolean({ description: 'allow a change of the database schema' }),
    lower: boolean({ description: 'allow lower versions than the suite has now' }),
    'dry-run': boolean({ description: 'show the effect and what would be written, and write nothing' }),
  };

  override async run(): Promise<PromoteResult> {
    const { args, flags } = await this.parse(Promote);
    const context = await this.context(flags);
    const [{ promote }, { explainMove, moveFields }] = await Promise.all([
      import('../workflows/move/promote.js'),
      import('../cli/explain/move.js'),
    ]);
    const outcome = await promote(context, {
      from: args['from-suite'],
      to: args['to-suite'],
      id: args.id,
      reason: flags.reason,
      schemaChange: flags['schema-change'],
      lower: flags.lower,
      dryRun: flags['dry-run'],
      onOutlook: (outlook) => this.say(explainMove(outlook)),
    });
    if (!this.jsonEnabled()) {
      if (!flags['dry-run']) this.log(outcome.outlook.to ?? '');
      else
        for (const write of outcome.plan?.publication.writes ?? []) this.log(`${write.step}\t${write.path}`);
    }
    return { ...moveFields(outcome.outlook), fromSuite: args['from-suite'], publication: outcome.report };
  }
}
