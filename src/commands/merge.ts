import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { MergeResult } from '../workflows/release/release-results.js';

export default class Merge extends BaseCommand {
  static override summary = 'Merge what two people cut or moved at the same time';
  static override description =
    'PROFILE: cuts one new snapshot that follows both newest ones. What only one side changed is taken from that ' +
    'side, and of what both changed the newer version; the command lists each. SUITE: adds one line that follows ' +
    'both ends of the history; the suite goes on at the last of the moves. No existing record changes.';
  static override examples = [
    '<%= config.bin %> merge mediawiki-1.39',
    '<%= config.bin %> merge mediawiki-1.39 --prefer 20261123T101530Z',
    '<%= config.bin %> merge mediawiki-1.39-stable',
  ];
  static override args = {
    name: stringArg({ required: true, description: 'a profile or a suite' }),
  };
  static override flags = {
    prefer: string({ helpValue: 'ID', description: 'the snapshot that is right where both sides differ' }),
    'dry-run': boolean({ description: 'show what would be merged, and write nothing' }),
  };

  override async run(): Promise<MergeResult> {
    const { args, flags } = await this.parse(Merge);
    const context = await this.context(flags);
    const [{ merge }, { explainMerge }] = await Promise.all([
      import('../workflows/release/merge.js'),
      import('../cli/explain/merge.js'),
    ]);
    const dryRun = flags['dry-run'] === true;
    const result = await merge(context, { name: args.name, prefer: flags.prefer, dryRun });
    this.say(explainMerge(result));
    if (!this.jsonEnabled()) this.log(result.id);
    return result;
  }
}
