import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { renderError } from '../cli/render/error.js';
import type { VerifyResult } from '../workflows/upkeep/upkeep-results.js';
import { LockstepError } from '../errors.js';

export default class Verify extends BaseCommand {
  static override summary = 'Verify all snapshots and the archive, and list every fault';
  static override description =
    'Checks manifests, chains, histories, Release files, named and by-hash indices, their content ' +
    'against the snapshots, each file of the pool, the key files, and unknown files. It trusts ' +
    "only the archive's public key, so it needs no passphrase. It lists each faulty file with its " +
    'remedy; the exit status is 8 if there is a fault. --repair restores what the content store ' +
    'and the key can restore; it does not remove unknown files.';
  static override examples = [
    '<%= config.bin %> verify',
    '<%= config.bin %> verify mediawiki-1.39-stable',
    '<%= config.bin %> verify 20261123T101530Z --json',
    '<%= config.bin %> verify --all --repair',
  ];
  static override args = {
    target: stringArg({ description: 'a snapshot or a suite (default: everything)' }),
  };
  static override flags = {
    all: boolean({ description: 'verify everything, as without an argument' }),
    repair: boolean({ description: 'restore what can be restored, then verify everything again' }),
    keyring: string({
      helpValue: 'FILE',
      multiple: true,
      description:
        'an additional public key to trust: an earlier key, or the only key if the workspace has none',
    }),
  };

  override async run(): Promise<VerifyResult> {
    const { args, flags } = await this.parse(Verify);
    if (flags.all && args.target !== undefined) {
      throw new LockstepError('USAGE', {
        message: `--all cannot be combined with ${args.target}`,
        hint: 'Remove one of them. --all means everything',
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
