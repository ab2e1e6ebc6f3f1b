/** What a superseding rollback does to each package, in rows and plain sentences. Pure. */
import type { SnapshotPackage } from '../../snapshot/manifest.js';
import {
  highestVersions,
  type KeptPackage,
  type Reissue,
  type SupersedePlan,
} from '../../suite/reissue-plan.js';

/** One package on one architecture. */
export interface SupersedeRow {
  package: string;
  architecture: string;
  /** `reissue`: gets `version`; `keep`: listed unchanged; `gone`: only in the current snapshot. */
  action: 'reissue' | 'keep' | 'gone';
  /** In the current snapshot; null where it has none. */
  current: string | null;
  /** In the snapshot that is brought back; null for `gone`. */
  target: string | null;
  /** What a machine without the pin has afterwards. */
  version: string;
  /** A plain sentence: why. */
  because: string;
}

/** @param current packages of the snapshot that the suite points at */
export function supersedeRows(plan: SupersedePlan, current: readonly SnapshotPackage[]): SupersedeRow[] {
  const now = highestVersions([current]);
  const row = (item: SnapshotPackage): Pick<SupersedeRow, 'package' | 'architecture' | 'current'> => ({
    package: item.package,
    architecture: item.architecture,
    current: now.get(item.package) ?? null,
  });
  const rows = [
    ...plan.reissues.map((reissue): SupersedeRow => ({
      ...row(reissue.item),
      action: 'reissue',
      target: reissue.item.version,
      version: reissue.to,
      because: reasonOf(reissue),
    })),
    ...plan.kept.map((kept): SupersedeRow => ({
      ...row(kept.item),
      action: 'keep',
      target: kept.item.version,
      version:
        kept.why === 'distribution' ? (now.get(kept.item.package) ?? kept.item.version) : kept.item.version,
      because: keepReasons[kept.why],
    })),
    ...plan.gone.map(({ item, broken }): SupersedeRow => ({
      ...row(item),
      action: 'gone',
      target: null,
      version: item.version,
      because:
        broken === null
          ? 'it is only in the current snapshot and stays on machines that have it'
          : `it is only in the current snapshot and needs ${broken}, so apt removes it when the machine follows`,
    })),
  ];
  return rows.sort((a, b) => compare(a.package, b.package) || compare(a.architecture, b.architecture));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function reasonOf({ why, above, same }: Reissue): string {
  if (same !== null) return 'it was re-issued under this version before';
  switch (why.kind) {
    case 'lower':
      return `machines may have ${above}, and without the pin no machine downgrades`;
    case 'demands':
      return `it needs ${why.relation}, which gets a higher version`;
    case 'demanded':
      return `${why.by} needs ${why.relation}, and machines have ${above}`;
  }
}

const keepReasons: Record<KeptPackage['why'], string> = {
  equal: 'it is the same in both',
  higher: 'it is higher than now, so every machine upgrades to it unchanged',
  new: 'it is not in the current snapshot and is listed unchanged',
  distribution: 'it belongs to the distribution, and a re-issued version would hide its security updates',
  archive: 'it belongs to the archive and is not rolled back with the set',
};

/** What a person should know before it is done; none where all goes without saying. */
export function supersedeNotes(plan: SupersedePlan, rows: readonly SupersedeRow[]): string[] {
  const versions = new Map(rows.map((row) => [row.package, row.version]));
  const left = plan.kept
    .filter(({ why }) => why === 'distribution')
    .map(({ item }) => `${item.package} ${versions.get(item.package)}`);
  const forced = plan.reissues.filter(({ why }) => why.kind === 'demanded').map(({ item }) => item.package);
  const gone = (isBroken: boolean): string[] =>
    plan.gone.filter(({ broken }) => (broken !== null) === isBroken).map(({ item }) => item.package);
  return [
    ...note(left, (names, one) => {
      const why =
        'packages of the distribution are not re-issued, so that they still get its security updates';
      return `${names} ${one ? 'stays' : 'stay'} unchanged on machines: ${why}.`;
    }),
    ...note(forced, (names, one) => {
      const why = `a package of the set names ${one ? 'an exact version' : 'exact versions'}`;
      return `${names} of the distribution ${one ? 'is' : 'are'} re-issued, because ${why}. An update of the distribution reaches machines only if it has a higher version. Use the relation minimum or series in the profile to avoid this.`;
    }),
    ...note(gone(true), (names, one) => {
      const removal = `apt removes ${one ? 'it' : 'them'}, because ${one ? 'it needs' : 'they need'} withdrawn versions`;
      return `${names} ${one ? 'is' : 'are'} not part of the earlier set: ${removal}.`;
    }),
    ...note(gone(false), (names, one) => {
      const stay = `${one ? 'stays' : 'stay'} on machines; "apt-get autoremove" removes what nothing needs`;
      return `${names} ${one ? 'is' : 'are'} not part of the earlier set and ${stay}.`;
    }),
  ];
}

/** More names than this are counted. */
const mostNames = 6;

function note(all: readonly string[], sentence: (names: string, isOne: boolean) => string): string[] {
  const names = [...new Set(all)];
  if (names.length === 0) return [];
  const more = names.length - mostNames;
  const shown = more > 0 ? [...names.slice(0, mostNames), `${more} more`] : names;
  const list = shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
  return [sentence(list, names.length === 1)];
}
