import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { RefreshResult } from '../cli/results/upkeep.js';
import { LockstepError } from '../errors.js';

export default class Refresh extends BaseCommand {
  static override summary = 'Sign the suites anew before their Valid-Until runs out';
  static override description =
    'A suite whose Release is past half of its time gets a new Date and new signatures over the same indices, and so ' +
    'do frozen views that another key signed, that would end, or that say an address which is no longer true. Nothing ' +
    'is signed that the archive, or a key named with --former-key, did not sign before. Meant for a timer: see ' +
    'systemd/lockstep-refresh@.timer. With none due it writes nothing.';
  static override examples = [
    '<%= config.bin %> refresh',
    '<%= config.bin %> refresh mediawiki-1.39-stable --force',
    '<%= config.bin %> refresh --all-due --json',
  ];
  static override strict = false;
  static override args = {
    suite: stringArg({ description: 'suites of lockstep.yaml, one or more; all of them otherwise' }),
  };
  static override flags = {
    'all-due': boolean({ description: 'every suite that is due, as without an argument: for timers' }),
    force: boolean({ description: 'live suites also when they are good for long' }),
    'former-key': string({
      helpValue: 'FILE',
      multiple: true,
      description: 'the public key that signed before the present one: what it signed is signed anew',
    }),
    'dry-run': boolean({ description: 'only say what would be signed' }),
  };

  override async run(): Promise<RefreshResult> {
    const { argv, flags } = await this.parse(Refresh);
    const suites = argv as string[];
    if (flags['all-due'] && suites.length > 0) {
      throw new LockstepError('USAGE', {
        message: '--all-due and names of suites cannot be asked for together',
        hint: 'Leave one of them out; --all-due is every suite that is due',
      });
    }
    const context = await this.context(flags);
    const [{ assertRefreshed, refresh }, { refreshRows }, { renderTable }] = await Promise.all([
      import('../workflows/upkeep/refresh.js'),
      import('../cli/explain/upkeep.js'),
      import('../cli/render/table.js'),
    ]);
    // oclif leaves a flag that was not given undefined
    const dryRun = flags['dry-run'] === true;
    const { views, keyFiles, warnings } = await refresh(context, {
      suites,
      force: flags.force,
      formerKeys: flags['former-key'] ?? [],
      dryRun,
    });
    const rows = refreshRows(views);
    if (!this.jsonEnabled() && rows.length > 0) {
      this.log(
        renderTable(['suite', 'view', 'valid until', dryRun ? 'why it would be' : 'why'], rows, this.columns),
      );
    }
    if (keyFiles.length > 0) {
      this.say(`The files with the key ${dryRun ? 'would be' : 'were'} written anew: ${keyFiles.join(', ')}`);
    }
    for (const warning of warnings) this.say(`Warning: ${warning}`);
    if (rows.length === 0 && keyFiles.length === 0) this.say('Nothing is due.');
    assertRefreshed(views);
    return { dryRun, views, keyFiles, warnings };
  }
}
