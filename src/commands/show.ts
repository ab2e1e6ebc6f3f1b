import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import type { ShowResult } from '../workflows/reading/reading-results.js';

export default class Show extends BaseCommand {
  static override summary = 'Show one snapshot in full';
  static override description =
    'Verifies the signature of the manifest, then shows its base, components with their versions ' +
    'and provenance, packages, evidence, database schema, security flag, parent and suites. It ' +
    'writes nothing.';
  static override examples = [
    '<%= config.bin %> show 20261123T101530Z',
    '<%= config.bin %> show mediawiki-1.39-stable',
    '<%= config.bin %> show mediawiki-1.39-stable~1 --json | jq .manifest.components',
  ];
  static override args = {
    id: stringArg({
      required: true,
      description: 'a snapshot, or a suite that points at it; SUITE~1: the snapshot it pointed at before',
    }),
  };

  override async run(): Promise<ShowResult> {
    const { args, flags } = await this.parse(Show);
    const context = await this.context(flags);
    const [{ show }, { renderShow }] = await Promise.all([
      import('../workflows/reading/show.js'),
      import('../cli/render/snapshots.js'),
    ]);
    const report = await show(context, args.id);
    if (report.note !== null) this.say(report.note);
    if (!this.jsonEnabled()) this.log(renderShow(report, this.columns));
    return report;
  }
}
