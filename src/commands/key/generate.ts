import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/base-command.js';
import type { KeyResult } from '../../workflows/keys/key-results.js';

export default class KeyGenerate extends BaseCommand {
  static override summary = "Create the archive's signing key";
  static override description =
    'Writes an Ed25519 key (OpenPGP version 4, accepted by apt of Debian 12 and 13) to ' +
    'signing.keyFile of lockstep.yaml, with mode 0600. It never overwrites an existing key. The ' +
    'passphrase comes from a file or from LOCKSTEP_PASSPHRASE; a key without a passphrase requires ' +
    '--no-passphrase.';
  static override examples = [
    '<%= config.bin %> key generate --passphrase-file /run/secrets/archive-passphrase',
    'LOCKSTEP_PASSPHRASE=... <%= config.bin %> key generate --json',
    '<%= config.bin %> key generate --no-passphrase   # for trying things out',
    '<%= config.bin %> key generate --next --passphrase-file /run/secrets/next-passphrase',
  ];
  static override flags = {
    'passphrase-file': string({
      description: 'read the passphrase from the first line of this file',
      exclusive: ['no-passphrase'],
    }),
    'no-passphrase': boolean({ description: 'leave the key unprotected' }),
    next: boolean({ description: 'create the key that lockstep key rotate introduces, at signing.next' }),
    name: string({ description: "the name in the key (default: the archive's origin)" }),
    email: string({ description: 'the address in the key' }),
  };

  override async run(): Promise<KeyResult> {
    const { flags } = await this.parse(KeyGenerate);
    const context = await this.context(flags);
    const { generateArchiveKey } = await import('../../workflows/keys/generate-key.js');
    const result = await generateArchiveKey(context, {
      passphraseFile: flags['passphrase-file'],
      unprotected: flags['no-passphrase'],
      next: flags.next,
      name: flags.name,
      email: flags.email,
    });
    this.say(
      `Key ${result.fingerprint} is in ${result.keyFile}${result.protected ? '' : ', without a passphrase'}.`,
    );
    this.say(
      `Its revocation certificate is in ${result.revocationFile}. Keep both files where no build can read them.`,
    );
    return result;
  }
}
