import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { RefreshResult } from '../workflows/upkeep/upkeep-results.js';
import { LockstepError } from '../errors.js';

export default class Refresh extends BaseCommand {
  static override summary = 'Sign the suites again before their Valid-Until';
  static override description =
    'A suite gets a new Date and new signatures over the same indices if more than half of the ' +
    'validity of its Release has passed. Frozen views are signed again if another key signed them, ' +
    'if they are about to expire, or if they contain an outdated address. Lockstep only signs what ' +
    'the archive, or a key named with --former-key, signed before. It is meant for a timer: see ' +
    'systemd/lockstep-refresh@.timer. If nothing is due, it writes nothing.';
  static override examples = [
    '<%= config.bin %> refresh',
    '<%= config.bin %> refresh mediawiki-1.39-stable --force',
    '<%= config.bin %> refresh --all-due --json',
  ];
  static override strict = false;
  static override args = {
    suite: stringArg({ description: 'one or more suites of lockstep.yaml (default: all)' }),
  };
  static override flags = {
    'all-due': boolean({ description: 'all suites that are due, as without an argument; for timers' }),
    force: boolean({ description: 'also live suites that are not due' }),
    'former-key': string({
      helpValue: 'FILE',
      multiple: true,
      description: 'an earlier public key of the archive: what it signed is signed again',
    }),
    'dry-run': boolean({ description: 'show what would be signed, and sign nothing' }),
  };

  override async run(): Promise<RefreshResult> {
    const { argv, flags } = await this.parse(Refresh);
    const suites = argv as string[];
    if (flags['all-due'] && suites.length > 0) {
      throw new LockstepError('USAGE', {
        message: '--all-due cannot be combined with names of suites',
        hint: 'Remove one of them. --all-due means every suite that is due',
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
      this.log(renderTable(['suite', 'view', 'valid until', dryRun ? 'reason' : 'why'], rows, this.columns));
    }
    if (keyFiles.length > 0) {
      this.say(`The files with the key ${dryRun ? 'would be' : 'were'} rewritten: ${keyFiles.join(', ')}`);
    }
    for (const warning of warnings) this.say(`Warning: ${warning}`);
    if (rows.length === 0 && keyFiles.length === 0) this.say('Nothing is due.');
    assertRefreshed(views);
    return { dryRun, views, keyFiles, warnings };
  }
}
