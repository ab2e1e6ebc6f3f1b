import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import type { SkipResult } from '../workflows/workspace/workspace-results.js';
import { LockstepError } from '../errors.js';
import type { SkipRequest } from '../workflows/workspace/skip.js';

export default class Skip extends BaseCommand {
  static override summary = 'Skip a version of a component until a date';
  static override description =
    'Writes the skip to profiles/<profile>.yaml and changes nothing else in the file. Until its ' +
    'date, at most 90 days ahead, the next lower version in the range is used. The commands ' +
    'resolve, release, status, outdated and diff show the skip, and that security fixes are ' +
    'missing if the security suite has the version. The manifest records the skip. The skip ' +
    'expires on its date (UTC). The version must exist: Lockstep looks it up first. Without a ' +
    'network, it writes the version unchecked and says so.';
  static override examples = [
    '<%= config.bin %> skip mediawiki-1.43 mediawiki --not 1:1.43.12-1~deb13u1 --reason "no mirror has its files yet" --until 2026-12-13',
    '<%= config.bin %> skip mediawiki-1.43 mediawiki --not 1.43.12 --reason "breaks our skin" --until 2026-12-13 --dry-run',
    '<%= config.bin %> skip mediawiki-1.43 mediawiki --remove 1:1.43.12-1~deb13u1',
  ];
  static override args = {
    profile: stringArg({ required: true, description: 'name of a file in profiles/, without .yaml' }),
    component: stringArg({ required: true, description: 'a component of the profile' }),
  };
  static override flags = {
    not: string({
      helpValue: 'VERSION',
      description:
        'the version to skip, as "lockstep outdated" shows it, or its upstream version if that is unambiguous',
      exclusive: ['remove'],
    }),
    reason: string({ helpValue: 'TEXT', description: 'the reason, in one line', dependsOn: ['not'] }),
    until: string({
      helpValue: 'DATE',
      description: 'the first day on which the skip has no effect, such as 2026-12-13',
      dependsOn: ['not'],
    }),
    remove: string({ helpValue: 'VERSION', description: 'remove the skip of this version from the profile' }),
    'dry-run': boolean({ description: 'show what would be written, and write nothing' }),
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
    message: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: a skip needs a version, a reason and an end date`,
    hint: 'Use --not VERSION --reason TEXT --until DATE, or --remove VERSION.',
  });
}
