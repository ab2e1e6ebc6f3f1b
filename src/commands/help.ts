import { string as stringArg } from '@oclif/core/args';
import { loadHelpClass } from '@oclif/core/help';
import { BaseCommand } from '../cli/base-command.js';
import { commandNames, noSuchCommand } from '../cli/unknown-command.js';

export default class Help extends BaseCommand {
  static override enableJsonFlag = false;
  static override summary = 'Show what a command does, its flags and examples';
  static override description =
    'The same as --help after the command. Without a command it lists all commands.';
  static override examples = [
    '<%= config.bin %> help',
    '<%= config.bin %> help cut',
    '<%= config.bin %> help key rotate',
  ];
  static override strict = false;
  static override args = {
    command: stringArg({ description: 'the command: one word or two' }),
  };

  override async run(): Promise<void> {
    const { argv } = await this.parse(Help);
    const words = argv as string[];
    const known = commandNames(this.config);
    const name = words.join(' ');
    if (name !== '' && !known.some((one) => one === name || one.startsWith(`${name} `)))
      throw noSuchCommand(name, known);
    const HelpPage = await loadHelpClass(this.config);
    await new HelpPage(this.config, this.config.pjson.oclif.helpOptions).showHelp(words);
  }
}
