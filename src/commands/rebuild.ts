import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import { exitStatus } from '../errors.js';
import type { RebuildResult } from '../workflows/release/release-results.js';

export default class Rebuild extends BaseCommand {
  static override summary = 'Build the packages of snapshots again from their pins';
  static override description =
    'For a new machine with nothing but the workspace and the key: fetches exactly the pinned sources, and builds what ' +
    'is neither in the content store nor in the pool. Without ID, it takes all snapshots that suites list. Then ' +
    '"lockstep verify --repair" publishes the suites again. Imported packages cannot be built; they are listed.';
  static override examples = [
    '<%= config.bin %> rebuild && <%= config.bin %> verify --repair',
    '<%= config.bin %> rebuild 20261123T101530Z',
  ];
  static override args = {
    id: stringArg({ description: 'a snapshot (default: all that suites list)' }),
  };

  override async run(): Promise<RebuildResult> {
    const { args, flags } = await this.parse(Rebuild);
    const context = await this.context(flags);
    const [{ rebuild }, { explainRebuild }] = await Promise.all([
      import('../workflows/release/rebuild.js'),
      import('../cli/explain/merge.js'),
    ]);
    const result = await rebuild(context, { id: args.id });
    this.say(explainRebuild(result));
    if (!result.ok) process.exitCode = exitStatus.archive;
    return result;
  }
}
