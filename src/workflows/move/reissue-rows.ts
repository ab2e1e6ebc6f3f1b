/** What a person should know of a superseding rollback, in plain sentences. Pure. */
import type { SnapshotPackage } from '../../snapshot/manifest.js';
import { highestVersions, type SupersedePlan } from '../../suite/reissue-plan.js';

/**
 * What a person should know before it is done; none where all goes without saying.
 *
 * @param current packages of the snapshot that the suite points at
 */
export function supersedeNotes(plan: SupersedePlan, current: readonly SnapshotPackage[]): string[] {
  const now = highestVersions([current]);
  const left = plan.kept
    .filter(({ why }) => why === 'distribution')
    .map(({ item }) => `${item.package} ${now.get(item.package) ?? item.version}`);
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
