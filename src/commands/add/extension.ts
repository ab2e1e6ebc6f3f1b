import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/base-command.js';
import type { AddExtensionResult } from '../../workflows/workspace/workspace-results.js';
import { LockstepError } from '../../errors.js';
import type { ExtensionOrigin } from '../../workflows/workspace/add-extension.js';

export default class AddExtension extends BaseCommand {
  static override summary = 'Add a MediaWiki extension or skin to a profile';
  static override description =
    'Appends the component to the components in profiles/<profile>.yaml and changes nothing else ' +
    'in the file. You write no packaging: the next release builds a package from its ' +
    'extension.json or skin.json, and the wiki loads it. From a git repository, Lockstep takes the ' +
    'branch for the MediaWiki version of the profile (REL1_43, or its own branch) unless --branch, ' +
    '--tag or --version selects another. With --bundled, the wiki loads the one that MediaWiki ' +
    'includes.';
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
      description: 'name of its folder: Cite, SyntaxHighlight_GeSHi',
    }),
  };
  static override flags = {
    git: string({
      helpValue: 'URL',
      description: 'URL or path of the git repository',
      exclusive: ['tarball', 'bundled'],
    }),
    tarball: string({
      helpValue: 'URL',
      description: 'URL SHA-256 of the tarball; {version} is replaced by its version',
      exclusive: ['bundled'],
    }),
    bundled: boolean({ description: 'load the one that MediaWiki includes' }),
    skin: boolean({ description: 'add a skin, not an extension' }),
    profile: string({
      description: 'the profile to add it to; optional if the workspace has only one profile',
    }),
    component: string({ description: 'component name in the profile (default: NAME in lower case)' }),
    version: string({ helpValue: 'RANGE', description: 'a range of versions: "~1.2", ">=2 <3", latest' }),
    branch: string({
      description: 'newest commit of this branch, or of the highest branch that matches a pattern: "wmf/*"',
    }),
    tag: string({ description: 'only this tag' }),
    listing: string({
      helpValue: 'URL',
      description: 'URL of a page that lists the versions of the tarball',
    }),
    sha256: string({ description: 'of the tarball' }),
    signature: string({ helpValue: 'URL', description: "URL of the tarball's detached signature" }),
    'signed-by': string({
      helpValue: 'FILE',
      description: 'file of public keys in the workspace; one of them must have signed the source',
    }),
    'dry-run': boolean({ description: 'show what would be written, and write nothing' }),
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
      throw new LockstepError('USAGE', { message: `--${odd[0]} cannot be combined with ${from}` });
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
    message: 'The source of the extension is missing',
    hint: 'Add --git URL, --tarball URL or --bundled.',
  });
}
