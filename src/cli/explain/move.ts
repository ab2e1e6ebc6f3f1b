/**
 * What a move of a suite will do, in plain words: to packages, on which kind of
 * machine, and to the database. Pure; the data is gathered by
 * src/workflows/move/move-outlook.ts.
 */
import { downgradePriority } from '../../deb/apt-limits.js';
import { counted } from '../../counted.js';
import { goesDown, lowerWords, type NamedVersion, type VersionStep } from '../../suite/version-steps.js';
import { nameOfSchema } from '../../suite/move-rules.js';
import { leftOnReissueWords } from '../../suite/highest-versions.js';
import { wrapped } from '../render/wrapped.js';
import type { MoveOutlook } from '../../workflows/move/move-outlook.js';
import type { MovePlan } from '../../workflows/move/suite-move.js';
import type { RollbackResult } from '../../workflows/move/move-results.js';

/** The fields of a move that `--json` shows. */
export function moveFields(outlook: MoveOutlook): Omit<RollbackResult, 'reissues' | 'publication'> {
  const { suite, profile, from, to, reason, security, schema, versions } = outlook;
  return {
    suite,
    profile,
    from,
    to,
    reason,
    security,
    schema,
    packages: versions.steps,
    withdrawn: versions.withdrawn,
    installable: versions.installable,
    machines: machineWords(outlook),
    database: databaseWords(outlook),
    notes: outlook.notes,
    warnings: warningsOf(outlook),
  };
}

/** More names than this are counted and not listed. */
const named = 12;

/** Everything about a move, as lines for a terminal. */
export function explainMove(outlook: MoveOutlook): string {
  const { steps, withdrawn, installable } = outlook.versions;
  const staying = stayingSteps(outlook);
  const head = [
    '',
    headOf(outlook),
    ...(outlook.reason === null ? [] : [`Reason: ${outlook.reason}`]),
    ...(outlook.security.length === 0 ? [] : paragraph(`It fixes ${outlook.security.join(', ')}.`)),
    ...warningsOf(outlook).flatMap((warning) => paragraph(`Warning: ${warning}`)),
  ];
  if (outlook.from !== null && outlook.from === outlook.to) return head.join('\n');
  return [
    ...head,
    '',
    ...outlook.notes.flatMap((note) => paragraph(note)),
    ...(outlook.notes.length === 0 ? [] : ['']),
    ...block('Packages that change on machines:', stepLines(steps.filter((step) => !staying.includes(step)))),
    ...block(
      'Lower in the snapshot, but machines keep them, because the set accepts any later version:',
      stepLines(staying),
    ),
    ...block('Withdrawn: the suite no longer lists them:', versionLines(withdrawn)),
    ...block(
      'Older versions that stay installable with apt install PACKAGE=VERSION:',
      versionLines(installable),
    ),
    ...machineLines(outlook),
    ...databaseLines(outlook),
  ]
    .join('\n')
    .trimEnd();
}

function headOf(outlook: MoveOutlook): string {
  const { suite, from, to, fromSuite, reissues } = outlook;
  const now = from === null ? 'empty' : `at ${from}`;
  if (from !== null && from === to) return `${suite} is already at ${to}.`;
  switch (outlook.action) {
    case 'publish':
      return `${suite} is ${now} and will be at ${to}.`;
    case 'promote':
      return `${suite} is ${now} and will be at ${to}, which comes from ${fromSuite}.`;
    case 'rollback':
      return reissues === null
        ? `${suite} is ${now} and goes back to ${to}.`
        : `${suite} is ${now} and goes back to the content of ${reissues} under higher versions${to === null ? '' : `: snapshot ${to}`}.`;
  }
}

/** Warnings before a publication: the move is allowed, but its effects should surprise nobody. */
export function explainPublication(plan: MovePlan): string[] {
  const { suite, from, to, schema, clockBehind, lower } = plan;
  return [
    ...plan.publication.warnings.map((warning) => `Warning: ${warning}`),
    ...(clockBehind > 0 ? [`Warning: ${clockWarning(suite.name, clockBehind)}`] : []),
    ...leftOnReissueWords(suite.name, to.id, plan.left),
    ...(lower.length === 0
      ? []
      : [
          `Packages go to lower versions in ${suite.name}: ${lowerWords(lower)}. Machines with the archive's pin follow. Other machines stay at the higher version.`,
        ]),
    ...(schema === null
      ? []
      : [
          `The database schema changes in ${suite.name}: ${from} needs ${nameOfSchema(schema.from)}, ` +
            `${to.id} needs ${nameOfSchema(schema.to)}. Machines dump their database before they update ` +
            'it. A later rollback needs that dump as well as the packages.',
        ]),
  ];
}

/** What is odd about a move, and no reason to refuse it. */
export function warningsOf(
  outlook: Pick<MoveOutlook, 'clockBehind' | 'keyWarnings' | 'withdrawnBefore' | 'reopens' | 'suite'>,
): string[] {
  const { clockBehind, withdrawnBefore, reopens, suite } = outlook;
  const warnings: string[] = [...(outlook.keyWarnings ?? [])];
  if (clockBehind > 0) warnings.push(clockWarning(suite, clockBehind));
  if (withdrawnBefore !== null) {
    const { by, at, reason } = withdrawnBefore;
    const why = reason === null ? '' : `: "${reason}"`;
    warnings.push(`this snapshot was withdrawn from ${suite} by ${by} on ${at.slice(0, 10)}${why}.`);
  }
  if (reopens.length > 0) warnings.push(`this removes the fixes of ${reopens.join(', ')} from machines.`);
  return warnings;
}

/** @param seconds that this machine's clock is behind the Date of the suite's last Release */
export function clockWarning(suite: string, seconds: number): string {
  return (
    `this machine's clock is ${inWords(seconds)} behind the last Release of ${suite}. The new ` +
    'Release is dated one second after the last one, because apt ignores an older date. Machines ' +
    'refuse it while its date is in their future. Correct the clock.'
  );
}

/** What the machines that follow the suite will do. */
export function machineWords(outlook: MoveOutlook): RollbackResult['machines'] {
  const { action, suite, to, program, versions, reissues } = outlook;
  const release = program === null ? '' : ` (on the machine, as root: ${program} unpin)`;
  const held = `They stay at their snapshot until someone removes the hold${release}.`;
  const staying = stayingSteps(outlook);
  const moving = versions.steps.filter((step) => !staying.includes(step));
  if (moving.length === 0) {
    const nothing = 'Nothing: their packages do not change.';
    return { pinned: nothing, unpinned: nothing, held };
  }
  const up = 'apt-get update && apt-get dist-upgrade';
  if (reissues !== null || !goesDown({ steps: moving })) {
    const what = reissues === null ? 'the new versions' : 'the re-issued versions, which are higher';
    return {
      pinned: `${up} upgrades them to ${what}; unattended-upgrades does so automatically.`,
      unpinned: `${up} upgrades them to ${what}; unattended-upgrades does so if its Origins-Pattern names this archive.`,
      held,
    };
  }
  const supersede =
    action === 'rollback'
      ? ` To move them too, now or later, re-issue the old content under higher versions: lockstep rollback ${suite} --to ${to} --reason TEXT --supersede.`
      : '';
  const unpinned = `They stay at the withdrawn versions until a higher version is published.${supersede}`;
  const pinned = outlook.imported
    ? `Same as without the pin, because the pin does not cover imported packages. ${unpinned}`
    : `${up} --allow-downgrades downgrades them; unattended-upgrades does so automatically.`;
  return { pinned, unpinned, held };
}

/** What would go to a lower version, but is not named by the pin: machines keep what they have. */
function stayingSteps({ versions, loose }: MoveOutlook): VersionStep[] {
  return versions.steps.filter((step) => loose.includes(step.package) && goesDown({ steps: [step] }));
}

function machineLines(outlook: MoveOutlook): string[] {
  const { suite, keyringPackage } = outlook;
  const words = machineWords(outlook);
  return [
    `Machines that follow ${suite}:`,
    `  with ${keyringPackage} (pin ${downgradePriority})`,
    ...paragraph(words.pinned, 4),
    '  without that pin',
    ...paragraph(words.unpinned, 4),
    `  held at a snapshot${outlook.program === null ? '' : ` (${outlook.program} pin)`}`,
    ...paragraph(words.held, 4),
    '',
  ];
}

/** What happens to the database, and what an administrator has to do; null where the schema stays. */
export function databaseWords(outlook: MoveOutlook): string | null {
  const { schema, from, program } = outlook;
  if (schema === null) return null;
  const change = `The database schema changes, from ${nameOfSchema(schema.from)} to ${nameOfSchema(schema.to)}.`;
  const restore = program === null ? 'restore the dump' : `run, as root: ${program} restore`;
  if (outlook.action !== 'rollback' && !goesDown(outlook.versions)) {
    return (
      `${change} Each machine dumps its database before the update; make sure that its disk has ` +
      'enough space. A later rollback needs more than packages: an administrator of each machine has ' +
      `to ${restore}.`
    );
  }
  return (
    `${change} Packages cannot undo an update of the database. A machine that was updated with ` +
    `${from} refuses the older packages, also from unattended-upgrades, until an administrator ` +
    `acts: ${restore}. This restores the dump from before the update together with the packages. ` +
    'It loses everything that was written to the wiki since then.'
  );
}

function databaseLines(outlook: MoveOutlook): string[] {
  const words = databaseWords(outlook);
  return words === null ? [] : ['Database:', ...paragraph(words, 2), ''];
}

function stepLines(steps: readonly VersionStep[]): string[] {
  const width = Math.max(0, ...steps.slice(0, named).map((step) => step.package.length));
  return steps.map(({ package: name, from, to }) => {
    const what = from === null ? `new, ${to}` : to === null ? `${from}, leaves the set` : `${from} -> ${to}`;
    return `${name.padEnd(width)}  ${what}`;
  });
}

function versionLines(versions: readonly NamedVersion[]): string[] {
  return versions.map(({ package: name, version }) => `${name} ${version}`);
}

/** A paragraph as lines of at most 100 characters; a longer word stands alone. */
function paragraph(text: string, indent = 0): string[] {
  return wrapped(text, 100 - indent).map((line) => ' '.repeat(indent) + line);
}

function block(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const shown = lines.length > named ? lines.slice(0, named - 1) : lines;
  const more = lines.length - shown.length;
  return [
    title,
    ...shown.map((line) => `  ${line}`),
    ...(more === 0 ? [] : [`  and ${more} more; --json has them all`]),
    '',
  ];
}

/** A length of time as people say it: `3 hours`. */
export function inWords(seconds: number): string {
  const units: [number, string][] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ];
  const [size, unit] = units.find(([length]) => seconds >= 2 * length) ?? [1, 'second'];
  const count = Math.floor(seconds / size);
  return counted(count, unit);
}
