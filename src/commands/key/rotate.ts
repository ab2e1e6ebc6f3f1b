import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/base-command.js';
import { LockstepError } from '../../errors.js';
import type { Context } from '../../workflows/workspace/context.js';
import type { KeyRotateResult } from '../../workflows/keys/key-results.js';

export default class KeyRotate extends BaseCommand {
  static override summary = 'Change the key that the archive is signed with, step by step';
  static override description =
    'Each run takes the next of three steps, after machines had 14 days to follow the previous ' +
    'step: announce (the next key is added to the key files, the .sources files and the keyring ' +
    'package), both (Release files are signed by both keys), finish (only the next key signs). A ' +
    'machine that misses all steps recovers on its own through the suite keyring-FINGERPRINT of ' +
    'the key that it knows. The next run completes a run that was killed. The next key is ' +
    'signing.next in lockstep.yaml (default: next.asc in the folder of signing.keyFile).';
  static override examples = [
    '<%= config.bin %> key generate --next --passphrase-file /run/secrets/next-passphrase',
    '<%= config.bin %> key rotate --dry-run',
    '<%= config.bin %> key rotate',
    '<%= config.bin %> key rotate --abandon',
    '<%= config.bin %> key rotate --compromised --since 2026-11-20T00:00:00Z',
    '<%= config.bin %> key rotate --compromised --accept 20261122.1 --accept history/mediawiki-1.39-stable.jsonl',
  ];
  static override flags = {
    now: boolean({
      description:
        'take the step although it is too early: LEAVES BEHIND machines that have not yet followed the previous step',
    }),
    abandon: boolean({ description: 'withdraw the announced next key', exclusive: ['now'] }),
    compromised: boolean({
      description:
        'the key is lost, or someone else may have it: the next key replaces it at once. Machines need manual action',
      exclusive: ['now', 'abandon'],
    }),
    since: string({
      helpValue: 'DATE',
      description:
        'with --compromised: do not trust what the key signed after this date (ISO 8601; default: now)',
      dependsOn: ['compromised'],
    }),
    accept: string({
      helpValue: 'NAME',
      multiple: true,
      description:
        'with --compromised: something that was signed after that date and that you have checked: the ' +
        'id of a snapshot, which is signed again, or a record file such as history/SUITE.jsonl, which ' +
        'the record of keys then confirms',
      dependsOn: ['compromised'],
    }),
    'dry-run': boolean({ description: 'show which step is next and what blocks it, and change nothing' }),
  };

  override async run(): Promise<KeyRotateResult> {
    const { flags } = await this.parse(KeyRotate);
    const context = await this.context(flags);
    if (flags.compromised) return await this.#replace(context, flags);
    const [{ rotateKey }, { explainKeys, explainRotation, keyStatusOf }] = await Promise.all([
      import('../../workflows/keys/rotate-key.js'),
      import('../../cli/explain/keys.js'),
    ]);
    const dryRun = flags['dry-run'];
    const { plan, done, state, views } = await rotateKey(context, {
      now: flags.now,
      abandon: flags.abandon,
      dryRun,
    });
    const status = keyStatusOf(state, plan);
    if (dryRun) this.say(explainRotation(plan));
    else this.say(done === null ? 'No step was taken; unfinished work is done.' : `Done: ${done}.`);
    if (!this.jsonEnabled()) this.log(explainKeys(status, this.columns));
    const step =
      done === 'finish' || done === 'abandon' || done === 'announce' || done === 'both' ? done : null;
    return { ...status, dryRun, done: step, unbelieved: [], views };
  }

  async #replace(
    context: Context,
    flags: { since?: string | undefined; accept?: string[] | undefined; 'dry-run': boolean },
  ): Promise<KeyRotateResult> {
    const since = flags.since === undefined ? null : new Date(flags.since);
    if (since !== null && Number.isNaN(since.getTime())) {
      throw new LockstepError('USAGE', {
        message: `--since ${flags.since} is not a date`,
        hint: 'Use a date such as 2026-11-20T00:00:00Z',
      });
    }
    const [{ replaceCompromisedKey }, { keyStatus }, { explainKeys, keyStatusOf }] = await Promise.all([
      import('../../workflows/keys/key-compromise.js'),
      import('../../workflows/keys/rotate-key.js'),
      import('../../cli/explain/keys.js'),
    ]);
    const dryRun = flags['dry-run'];
    const report = await replaceCompromisedKey(context, { since, accept: flags.accept ?? [], dryRun });
    this.say(
      `${report.compromised} ${dryRun ? 'would not be' : 'is not'} trusted from ${report.since.toISOString()} on; ${report.current} ${dryRun ? 'would sign' : 'signs'} now. Machines need manual action: docs/how-to/rotate-keys.md`,
    );
    const fate = dryRun ? 'Would not be trusted' : 'No longer trusted';
    for (const id of report.unbelieved) this.say(`${fate}: ${id}`);
    const status = keyStatusOf(report.state, (await keyStatus(context)).plan);
    if (!this.jsonEnabled()) this.log(explainKeys(status, this.columns));
    const { unbelieved, views } = report;
    return { ...status, dryRun, done: dryRun ? null : 'compromise', unbelieved, views };
  }
}
