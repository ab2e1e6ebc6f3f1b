import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { SkipResult } from '../cli/results/skip.js';
import { LockstepError } from '../errors.js';
import type { SkipRequest } from '../workflows/workspace/skip.js';

export default class Skip extends BaseCommand {
  static override summary = 'Pass over a version of a component until a day';
  static override description =
    'The skip goes into profiles/<profile>.yaml; everything else in the file stays as it is. Until its day, at most 90 ' +
    'days ahead, the next lower version in the range is taken; resolve, release, status, outdated and diff say so, and ' +
    'that security fixes are missing where the security suite has the version. The manifest records it. On its day ' +
    '(UTC) it ends by itself. The version is looked up first: one that nothing lists is refused; without a network it ' +
    'is written as it was given, and that is said.';
  static override examples = [
    '<%= config.bin %> skip mediawiki-1.43 mediawiki --not 1:1.43.12-1~deb13u1 --reason "no mirror has its files yet" --until 2026-12-13',
    '<%= config.bin %> skip mediawiki-1.43 mediawiki --not 1.43.12 --reason "breaks our skin" --until 2026-12-13 --dry-run',
    '<%= config.bin %> skip mediawiki-1.43 mediawiki --remove 1:1.43.12-1~deb13u1',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'a file of profiles/, without .yaml' }),
    component: stringArg({ required: true, description: 'a component of it' }),
  };
  static override flags = {
    not: string({
      helpValue: 'VERSION',
      description:
        'the version to pass over, as outdated names it; that of upstream where one version has it',
      exclusive: ['remove'],
    }),
    reason: string({ helpValue: 'TEXT', description: 'why, in one line', dependsOn: ['not'] }),
    until: string({
      helpValue: 'DATE',
      description: 'the day from which on it has no effect, as in 2026-12-13',
      dependsOn: ['not'],
    }),
    remove: string({ helpValue: 'VERSION', description: 'take the skip of this version out of the profile' }),
    'dry-run': boolean({ description: 'only show what would be written' }),
  };

  override async run(): Promise<SkipResult> {
    const { args, flags } = await this.parse(Skip);
    const change = changeOf(flags);
    const context = await this.context(flags);
    const [{ skip }, { explainSkip }] = await Promise.all([
      import('../workflows/workspace/skip.js'),
      import('../cli/explain/skip.js'),
    ]);
    const report = await skip(context, { ...args, change, dryRun: flags['dry-run'] });
    for (const line of explainSkip(report, change)) this.say(line);
    if (!this.jsonEnabled() && flags['dry-run'] && report.action !== 'none') {
      const sign = report.action === 'remove' ? '-' : '+';
      this.log(report.fragment.trimEnd().replace(/^/gm, `${sign} `));
    }
    return report;
  }
}

/** @throws LockstepError USAGE */
function changeOf(flags: {
  not?: string | undefined;
  reason?: string | undefined;
  until?: string | undefined;
  remove?: string | undefined;
}): SkipRequest['change'] {
  const { not, reason, until, remove } = flags;
  if (remove !== undefined) return { kind: 'remove', version: remove };
  if (not !== undefined && reason !== undefined && until !== undefined) {
    return { kind: 'put', version: not, reason, until };
  }
  const missing = Object.entries({ not, reason, until }).flatMap(([name, value]) =>
    value === undefined ? [`--${name}`] : [],
  );
  throw new LockstepError('USAGE', {
    message: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: a skip has a version, a reason and an end`,
    hint: 'Give --not VERSION --reason TEXT --until DATE, or --remove VERSION.',
  });
}
