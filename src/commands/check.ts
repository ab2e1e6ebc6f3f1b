import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import { renderError } from '../cli/render/error.js';
import type { CheckResult } from '../cli/results/all.js';
import { exitStatus } from '../errors.js';

export default class Check extends BaseCommand {
  static override summary =
    'Check lockstep.yaml, the profiles and that their templates are there, and do nothing else';
  static override description =
    'Reports every fault of every file at once, each with file, line, column, the path of the field and what is ' +
    'allowed there. Ends with 0 when there is none. Notes what is no fault and should be looked at: a skip that has ' +
    'ended, a profile that no suite takes, snapshots.commit where there is no git repository.';
  static override examples = ['<%= config.bin %> check', '<%= config.bin %> check mediawiki-1.39 --json'];
  static override args = {
    profile: stringArg({ description: 'check this profile only (and lockstep.yaml)' }),
  };

  override async run(): Promise<CheckResult> {
    const { args, flags } = await this.parse(Check);
    const [{ check }, { systemClock }] = await Promise.all([
      import('../workflows/release/check.js'),
      import('../io/clock.js'),
    ]);
    const { result, errors } = await check(flags.workspace, args.profile, systemClock.now());
    for (const error of errors) this.say(renderError(error));
    for (const note of result.notes) this.say(note);
    if (errors.length > 0) process.exitCode = exitStatus.input;
    else this.say(`lockstep.yaml and ${result.profiles.join(', ') || 'no profile'}: no faults`);
    return result;
  }
}
