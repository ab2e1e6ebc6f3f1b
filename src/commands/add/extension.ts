import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/base-command.js';
import type { AddExtensionResult } from '../../cli/results/add.js';
import { LockstepError } from '../../errors.js';
import type { ExtensionOrigin } from '../../workflows/workspace/add-extension.js';

export default class AddExtension extends BaseCommand {
  static override summary = 'Write an extension or a skin of MediaWiki into a profile';
  static override description =
    'The component goes to the end of the others in profiles/<profile>.yaml; everything else in the file stays as it is. ' +
    'No packaging has to be written: the next release makes a package out of its extension.json or skin.json, and the ' +
    'wiki loads it. Of a git repository the branch for the MediaWiki of the profile is taken (REL1_43, or its own ' +
    'branch) unless --branch, --tag or --version says another. With --bundled, the one that comes with MediaWiki is loaded.';
  static override examples = [
    '<%= config.bin %> add extension Cite --git https://git.example.org/extensions/Cite',
    '<%= config.bin %> add extension Timeless --skin --git ../Timeless --branch main --profile mediawiki-1.43',
    '<%= config.bin %> add extension Maps --git https://git.example.org/Maps.git --version "^10.1"',
    '<%= config.bin %> add extension Maps --tarball "https://files.example.org/Maps-{version}.tar.gz" --version 10.1.2 --sha256 0a1b...',
    '<%= config.bin %> add extension ParserFunctions --bundled --dry-run',
  ];
  static override args = {
    name: stringArg({
      required: true,
      description: 'what its folder is called: Cite, SyntaxHighlight_GeSHi',
    }),
  };
  static override flags = {
    git: string({ helpValue: 'URL', description: 'the repository', exclusive: ['tarball', 'bundled'] }),
    tarball: string({
      helpValue: 'URL',
      description: 'the tarball; {version} stands for its version',
      exclusive: ['bundled'],
    }),
    bundled: boolean({ description: 'the one that MediaWiki of the profile brings along' }),
    skin: boolean({ description: 'it is a skin' }),
    profile: string({ description: 'where it goes; needless where the workspace has one profile' }),
    component: string({ description: 'what to call it in the profile; its name in lower case otherwise' }),
    version: string({ helpValue: 'RANGE', description: 'a range of versions: "~1.2", ">=2 <3", latest' }),
    branch: string({
      description: 'the newest commit of this branch, or of the highest of a pattern: "wmf/*"',
    }),
    tag: string({ description: 'this tag alone' }),
    listing: string({
      helpValue: 'URL',
      description: 'the page that tells which versions of a tarball there are',
    }),
    sha256: string({ description: 'of the tarball' }),
    signature: string({ helpValue: 'URL', description: "where the tarball's detached signature is" }),
    'signed-by': string({
      helpValue: 'FILE',
      description: 'keys, in the workspace, one of which must have signed it',
    }),
    'dry-run': boolean({ description: 'only show what would be written' }),
  };

  override async run(): Promise<AddExtensionResult> {
    const { args, flags } = await this.parse(AddExtension);
    const context = await this.context(flags);
    const { addExtension } = await import('../../workflows/workspace/add-extension.js');
    const report = await addExtension(context, {
      name: args.name,
      component: flags.component,
      profile: flags.profile,
      skin: flags.skin,
      from: originOf(flags),
      dryRun: flags['dry-run'],
    });
    if (report.written) {
      this.say(`The component ${report.component} is in ${report.file}, line ${report.line}.`);
      this.say(`Next: lockstep resolve ${report.profile}`);
    } else if (!this.jsonEnabled()) {
      this.say(`${report.file}, line ${report.line}:`);
      this.log(report.fragment.replace(/^/gm, '+ ').replace(/\n\+ $/, ''));
    }
    return report;
  }
}

interface Flags {
  git?: string | undefined;
  tarball?: string | undefined;
  bundled: boolean;
  version?: string | undefined;
  branch?: string | undefined;
  tag?: string | undefined;
  listing?: string | undefined;
  sha256?: string | undefined;
  signature?: string | undefined;
  'signed-by'?: string | undefined;
}

/** @throws LockstepError USAGE */
function originOf(flags: Flags): ExtensionOrigin {
  const { git, tarball, bundled, version, branch, tag, listing, sha256, signature } = flags;
  const signedBy = flags['signed-by'];
  const refuse = (from: string, given: Readonly<Record<string, unknown>>): void => {
    const [odd] = Object.entries(given).filter(([, value]) => value !== undefined);
    if (odd !== undefined)
      throw new LockstepError('USAGE', { message: `--${odd[0]} does not go with ${from}` });
  };
  if (git !== undefined) {
    refuse('--git', { listing, sha256, signature });
    return { kind: 'git', url: git, version, branch, tag, signedBy };
  }
  if (tarball !== undefined) {
    refuse('--tarball', { branch, tag });
    return { kind: 'tarball', url: tarball, version, listing, sha256, signature, signedBy };
  }
  if (bundled) {
    refuse('--bundled', { version, branch, tag, listing, sha256, signature, 'signed-by': signedBy });
    return { kind: 'bundled' };
  }
  throw new LockstepError('USAGE', {
    message: 'Where does the extension come from?',
    hint: 'Give --git URL, --tarball URL or --bundled.',
  });
}
