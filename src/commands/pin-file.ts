import { counted } from '../counted.js';
import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { PinFileResult } from '../workflows/reading/reading-results.js';

export default class PinFile extends BaseCommand {
  static override summary = 'Print the apt preferences that hold machines at one snapshot';
  static override description =
    'Prints one record for each package that this archive builds, and for each package that these ' +
    'require in an exact version. Put the file in /etc/apt/preferences.d of a machine. The file ' +
    'does not hold packages of the base release, so that its security updates arrive, and not the ' +
    'keyring package. On a machine that has the wiki, "mediawiki-full pin" does all this.';
  static override examples = [
    '<%= config.bin %> pin-file 20261123T101530Z > wiki.pref',
    '<%= config.bin %> pin-file mediawiki-1.39-stable --output /etc/apt/preferences.d/wiki.pref',
    '<%= config.bin %> pin-file mediawiki-1.39-stable~1 --json | jq .packages',
  ];
  static override args = {
    id: stringArg({
      required: true,
      description: 'a snapshot, or a suite that points at it; SUITE~1: the snapshot it pointed at before',
    }),
  };
  static override flags = {
    suite: string({ description: 'the suite whose frozen view the file names' }),
    output: string({
      char: 'o',
      helpValue: 'FILE',
      description: 'write the file there instead of printing it',
    }),
  };

  override async run(): Promise<PinFileResult> {
    const { args, flags } = await this.parse(PinFile);
    const context = await this.context(flags);
    const { pinFile } = await import('../workflows/reading/pin-file.js');
    const report = await pinFile(context, { name: args.id, suite: flags.suite, output: flags.output });
    if (report.note !== null) this.say(report.note);
    if (report.file !== null)
      this.say(`${counted(report.packages.length, 'package')} held in ${report.file}`);
    else if (!this.jsonEnabled()) this.log(report.text.replace(/\n$/, ''));
    return report;
  }
}
