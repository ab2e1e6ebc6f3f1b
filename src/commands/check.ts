import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/base-command.js';
import { renderError } from '../cli/render/error.js';
import type { CheckResult } from '../workflows/release/release-results.js';
import { exitStatus } from '../errors.js';

export default class Check extends BaseCommand {
  static override summary = 'Check lockstep.yaml, the profiles and their templates';
  static override description =
    'Reports all faults of all files at once, each with file, line, column, the path of the field ' +
    'and the allowed values. The exit status is 0 if there is none. Also prints notes on what is ' +
    'not a fault but needs attention: an expired skip, a profile without a suite, snapshots.commit ' +
    'without a git repository.';
  static override examples = ['<%= config.bin %> check', '<%= config.bin %> check mediawiki-1.39 --json'];
  static override args = {
    profile: stringArg({ description: 'check only this profile (and lockstep.yaml)' }),
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
