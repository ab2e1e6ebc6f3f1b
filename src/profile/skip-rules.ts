/**
 * What must hold of the skips of a profile beyond their shape: versions that
 * their kind of source can have, each once, none for longer than may be.
 */
import { parseUpstream } from '../deb/upstream-version.js';
import { isValidVersion } from '../deb/version.js';
import type { Rule } from './faults.js';
import { gitPattern } from './names.js';
import { isTooLong, tooLongWords } from './skip.js';

/**
 * @param now left out where only the form is in question: then no skip is too long. What has effect is checked again
 * in skips-in-force.ts, where there always is a time
 */
export function skipRules(now: Date | undefined): Rule[] {
  return [
    function skipsNameVersions(data, fault) {
      for (const [component, { kind, parent, skip }] of componentsOf(data)) {
        const at = ['components', component, 'skip'];
        if (kind === 'within' && skip !== undefined) {
          const whose = typeof parent === 'string' ? parent : 'the component that it is within';
          fault(at, `has no effect here: this component has the version of ${whose}`, 'key');
          continue;
        }
        const seen = new Map<string, number>();
        for (const [index, { version, until }] of entriesOf(skip).entries()) {
          if (typeof version === 'string') {
            const wrong = versionFault(kind, version);
            const first = seen.get(version);
            if (wrong !== null) fault([...at, index, 'version'], wrong);
            else if (first !== undefined) {
              fault([...at, index, 'version'], `"${version}" is already skipped by skip[${first}]`);
            } else seen.set(version, index);
          }
          if (now === undefined || typeof until !== 'string') continue;
          if (isTooLong({ until }, now)) fault([...at, index, 'until'], tooLongWords(now));
        }
      }
    },
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

interface Found {
  kind: unknown;
  parent: unknown;
  skip: unknown;
}

function componentsOf(data: unknown): [component: string, Found][] {
  const { components } = fieldsOf(data);
  return Object.entries(fieldsOf(components)).map(([name, component]) => {
    const { source, skip } = fieldsOf(component);
    const { kind, component: parent } = fieldsOf(source);
    return [name, { kind, parent, skip }];
  });
}

function entriesOf(skip: unknown): Record<string, unknown>[] {
  return Array.isArray(skip) ? skip.map(fieldsOf) : [];
}

/** Own fields alone: a file may say `constructor`. */
function fieldsOf(value: unknown): Record<string, unknown> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? Object.assign(Object.create(null) as Record<string, unknown>, value) : {};
}
