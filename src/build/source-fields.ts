/**
 * The fields of a .dsc except its files, from debian/control, as dpkg-source derives them (dsc(5)). Pure.
 */
import type { Stanza } from '../deb/deb822.js';
import type { Packaging } from './packaging.js';

/** Fields that are copied unchanged, in dpkg-source's order. */
const before = ['Maintainer', 'Uploaders', 'Homepage', 'Standards-Version'];
const vcs = ['Arch', 'Browser', 'Bzr', 'Cvs', 'Darcs', 'Git', 'Hg', 'Mtn', 'Svn'].map(
  (name) => `Vcs-${name}`,
);
const builds = ['Build-Depends', 'Build-Conflicts'].flatMap((name) => [
  name,
  `${name}-Arch`,
  `${name}-Indep`,
]);

/** Fields in the order written, unfolded. */
export function sourceFields(packaging: Packaging, version: string): Record<string, string | undefined> {
  const { source, binaries } = packaging;
  const same = (names: readonly string[]): Record<string, string | undefined> =>
    Object.fromEntries(names.map((name) => [name, onOneLine(source, name)]));
  return {
    Source: source.require('Source'),
    Binary: binaries.map((one) => one.require('Package')).join(', '),
    Architecture: architectureOf(binaries),
    Version: version,
    ...same(before),
    ...same(vcs),
    Testsuite: testsuiteOf(packaging),
    ...same(builds),
    'Package-List': `\n${binaries
      .map((one) => packageLine(one, source))
      .sort()
      .join('\n')}`,
  };
}

/** Relations are folded in debian/control, often with comments between them, and on one line in a .dsc. */
function onOneLine(source: Stanza, name: string): string | undefined {
  return source
    .get(name)
    ?.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
    .replace(/,\s*$/, '');
}

/** dsc(5): `any` covers every other name but `all`. */
function architectureOf(binaries: readonly Stanza[]): string {
  const names = new Set(binaries.flatMap((one) => one.require('Architecture').split(/\s+/)));
  if (names.has('any')) return names.has('all') ? 'any all' : 'any';
  return [...names].sort().join(' ');
}

function testsuiteOf({ source, entries }: Packaging): string | undefined {
  const named = (source.get('Testsuite') ?? '').split(/[\s,]+/).filter((name) => name !== '');
  const hasTests = entries.some(({ path }) => path === 'debian/tests/control');
  const all = [...new Set([...named, ...(hasTests ? ['autopkgtest'] : [])])].sort();
  return all.length === 0 ? undefined : all.join(', ');
}

/** `name type section priority arch=...`: dsc(5), Package-List. */
function packageLine(binary: Stanza, source: Stanza): string {
  const inherited = (name: string): string => binary.get(name) ?? source.get(name) ?? 'unknown';
  const profiles = binary.get('Build-Profiles');
  return [
    binary.require('Package'),
    binary.get('Package-Type') ?? 'deb',
    inherited('Section'),
    inherited('Priority'),
    `arch=${binary.require('Architecture').split(/\s+/).join(',')}`,
    ...(profiles === undefined ? [] : [`profile=${profileTerms(profiles)}`]),
    ...(binary.get('Essential') === 'yes' ? ['essential=yes'] : []),
  ].join(' ');
}

/** `<!nodoc> <cross !stage1>` -> `!nodoc+cross,!stage1`. */
function profileTerms(field: string): string {
  return [...field.matchAll(/<([^>]*)>/g)].map((group) => group[1]!.trim().split(/\s+/).join(',')).join('+');
}
