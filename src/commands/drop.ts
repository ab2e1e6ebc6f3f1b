import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { DropResult } from '../workflows/upkeep/upkeep-results.js';

export default class Drop extends BaseCommand {
  static override summary = 'Remove a snapshot that nothing needs';
  static override description =
    'Refuses while a suite points at the snapshot or lists it. Removes its frozen views and its ' +
    'manifest, and adds a signed record to snapshots/dropped.jsonl. Its packages stay until ' +
    '"lockstep gc" removes them.';
  static override examples = [
    '<%= config.bin %> drop 20261123T101530Z --reason "older than a year"',
    '<%= config.bin %> drop 20261123T101530Z --dry-run',
  ];
  static override args = {
    id: stringArg({ required: true, description: 'a snapshot' }),
  };
  static override flags = {
    reason: string({ helpValue: 'TEXT', description: 'the reason, for snapshots/dropped.jsonl' }),
    'dry-run': boolean({ description: 'show what would be removed, and remove nothing' }),
  };

  override async run(): Promise<DropResult> {
    const { args, flags } = await this.parse(Drop);
    const context = await this.context(flags);
    const [{ drop }, { explainDrop }] = await Promise.all([
      import('../workflows/upkeep/drop.js'),
      import('../cli/explain/upkeep.js'),
    ]);
    // oclif leaves a flag that was not given undefined
    const dryRun = flags['dry-run'] === true;
    const report = await drop(context, { id: args.id, reason: flags.reason, dryRun });
    if (!this.jsonEnabled()) for (const file of report.files) this.log(file);
    this.say(explainDrop(report, dryRun));
    return { ...report, dryRun };
  }
}
