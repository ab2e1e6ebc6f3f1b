/**
 * What must hold of the skips of a profile beyond their shape: versions that
 * their kind of source can have, each once, none for longer than may be.
 */
import { parseUpstream } from '../deb/upstream-version.js';
import { isValidVersion } from '../deb/version.js';
import { fieldsOf, valueAt, type Rule } from './faults.js';
import { gitPattern } from './names.js';
import { ofEachComponent } from './profile-rules.js';
import { isTooLong, tooLongWords } from './skip.js';

/**
 * @param now left out where only the form is in question: then no skip is too long. What has effect is checked again
 * in skips-in-force.ts, where there always is a time
 */
export function skipRules(now: Date | undefined): Rule[] {
  return [
    ofEachComponent((component, fault) => {
      const skip = valueAt(component, ['skip']);
      const { kind, component: parent } = fieldsOf(valueAt(component, ['source']));
      if (kind === 'within' && skip !== undefined) {
        const whose = typeof parent === 'string' ? parent : 'the component that it is within';
        fault(['skip'], `has no effect here: this component has the version of ${whose}`, 'key');
        return;
      }
      const seen = new Map<string, number>();
      for (const [index, entry] of (Array.isArray(skip) ? skip : []).entries()) {
        const { version, until } = fieldsOf(entry);
        if (typeof version === 'string') {
          const wrong = versionFault(kind, version);
          const first = seen.get(version);
          if (wrong !== null) fault(['skip', index, 'version'], wrong);
          else if (first !== undefined) {
            fault(['skip', index, 'version'], `"${version}" is already skipped by skip[${first}]`);
          } else seen.set(version, index);
        }
        if (now === undefined || typeof until !== 'string') continue;
        if (isTooLong({ until }, now)) fault(['skip', index, 'until'], tooLongWords(now));
      }
    }),
  ];
}

/** Why a source of a kind cannot have such a version; null: it can. */
export function versionFault(kind: unknown, version: string): string | null {
  switch (kind) {
    case 'apt-source':
    case 'apt-binary':
      return isValidVersion(version)
        ? null
        : 'must be a version as "lockstep outdated" shows it: "1:1.43.12-1~deb13u1", or an upstream version: "1.43.12"';
    case 'tarball':
      return parseUpstream(version) === null ? 'must be an upstream version: "1.43.12"' : null;
    case 'git':
      return parseUpstream(version) === null && !gitPattern.safeParse(version).success
        ? 'must be a version, the name of a tag or branch, or a commit: "1.43.12", "REL1_43_12"'
        : null;
    default:
      return null;
  }
}
