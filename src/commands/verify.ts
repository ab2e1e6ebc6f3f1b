import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { renderError } from '../cli/render/error.js';
import type { VerifyResult } from '../cli/results/upkeep.js';
import { LockstepError } from '../errors.js';

export default class Verify extends BaseCommand {
  static override summary = 'Read everything that was cut and published again, and name every fault';
  static override description =
    "Trusts the archive's public key and nothing else, so it needs no passphrase: manifests, chains, histories, " +
    'Release files, indices by name and by hash, what they list against what the snapshots say, each file of the pool, ' +
    'the key files, and files that nobody knows. Names each file that is at fault with what to do, and ends with 8 ' +
    'when there is any. --repair puts right what the content store and the key can; foreign files stay where they are.';
  static override examples = [
    '<%= config.bin %> verify',
    '<%= config.bin %> verify mediawiki-1.39-stable',
    '<%= config.bin %> verify 20261123T101530Z --json',
    '<%= config.bin %> verify --all --repair',
  ];
  static override args = {
    target: stringArg({ description: 'a snapshot or a suite; everything otherwise' }),
  };
  static override flags = {
    all: boolean({ description: 'everything, as without an argument' }),
    repair: boolean({ description: 'restore what can be restored, then read everything again' }),
    keyring: string({
      helpValue: 'FILE',
      multiple: true,
      description: 'a public key whose signatures count too: an earlier one, or where the workspace has none',
    }),
  };

  override async run(): Promise<VerifyResult> {
    const { args, flags } = await this.parse(Verify);
    if (flags.all && args.target !== undefined) {
      throw new LockstepError('USAGE', {
        message: `--all and ${args.target} cannot be asked for together`,
        hint: 'Leave one of them out; --all is everything',
      });
    }
    const context = await this.context(flags);
    const [{ verify }, { explainVerify, renderFaults, verifyError }] = await Promise.all([
      import('../workflows/upkeep/verify.js'),
      import('../cli/explain/upkeep.js'),
    ]);
    const report = await verify(context, {
      target: args.target,
      repair: flags.repair,
      keyrings: flags.keyring ?? [],
    });
    this.say(explainVerify(report));
    for (const note of report.notes) this.say(note);
    const ok = report.faults.length === 0;
    if (ok) this.say('No faults.');
    else {
      if (!this.jsonEnabled()) this.log(renderFaults(report));
      const error = verifyError(report);
      this.say(renderError(error));
      process.exitCode = error.exit;
    }
    return { ok, ...report };
  }
}
