import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { RollbackResult } from '../workflows/move/move-results.js';

export default class Rollback extends BaseCommand {
  static override summary = 'Return a suite, and the machines that follow it, to an earlier snapshot';
  static override description =
    'Makes the suite point at the previous good snapshot, or at the one of --to, under a new Date, ' +
    'so that machines accept it. The suite no longer lists the withdrawn versions. Before it ' +
    "writes, it shows what each kind of machine will do. Machines with the archive's keyring " +
    'package follow. Machines without it never downgrade and require --supersede, which re-issues ' +
    'the old content under higher versions. A change of the database schema requires ' +
    '--schema-change. To go forward again, publish or promote the newer snapshot.';
  static override examples = [
    '<%= config.bin %> rollback mediawiki-1.39-stable --reason "login is broken"',
    '<%= config.bin %> rollback mediawiki-1.39-stable --dry-run',
    '<%= config.bin %> rollback mediawiki-1.39-stable --to 20261123T101530Z --reason "last one that was fast" --json',
    '<%= config.bin %> rollback mediawiki-1.39-stable --reason "login is broken" --supersede',
  ];
  static override args = {
    suite: stringArg({ required: true, description: 'a suite of lockstep.yaml' }),
  };
  static override flags = {
    to: string({
      helpValue: 'ID',
      description: 'the snapshot to return to (default: the previous good snapshot)',
    }),
    reason: string({
      helpValue: 'TEXT',
      description: "what went wrong, for the suite's history; --dry-run needs none",
    }),
    'schema-change': boolean({ description: 'allow a change of the database schema' }),
    supersede: boolean({
      description: 're-issue the old content under higher versions, for machines without the pin',
    }),
    'dry-run': boolean({ description: 'show the effect and what would be written, and write nothing' }),
  };

  override async run(): Promise<RollbackResult> {
    const { args, flags } = await this.parse(Rollback);
    const context = await this.context(flags);
    const [{ rollback }, { explainMove, moveFields }] = await Promise.all([
      import('../workflows/move/rollback.js'),
      import('../cli/explain/move.js'),
    ]);
    const outcome = await rollback(context, {
      suite: args.suite,
      to: flags.to,
      reason: flags.reason,
      schemaChange: flags['schema-change'],
      supersede: flags.supersede,
      dryRun: flags['dry-run'],
      onOutlook: (outlook) => this.say(explainMove(outlook)),
    });
    if (!this.jsonEnabled()) {
      if (!flags['dry-run']) this.log(outcome.outlook.to ?? '');
      else
        for (const write of outcome.plan?.publication.writes ?? []) this.log(`${write.step}\t${write.path}`);
    }
    const { reissues } = outcome.outlook;
    return { ...moveFields(outcome.outlook), reissues, publication: outcome.report };
  }
}
