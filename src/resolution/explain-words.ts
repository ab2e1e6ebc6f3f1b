/**
 * What is asked of a set, in sentences for whoever keeps its profile. Words
 * only: which of them contradict each other is explain-conflict.ts's.
 */
import { counted } from '../counted.js';
import type { Thing } from '../source/declared.js';
import type { Option, Variable } from './problem.js';

/** Who demands it where the profile does, see `Demand.by`. */
export const profileItself = 'the profile';

/** `extension/Cite` -> `extension Cite`, `php-extension/intl` -> `the PHP extension intl`. */
export function thingInWords(thing: Thing): string {
  const slash = thing.indexOf('/');
  const kind = slash < 0 ? thing : thing.slice(0, slash);
  const name = thing.slice(slash + 1);
  switch (kind) {
    case 'mediawiki':
      return 'MediaWiki';
    case 'php':
      return 'PHP';
    case 'php-extension':
      return `the PHP extension ${name}`;
    case 'ability':
      return `the machine's capability ${name}`;
    case 'component':
      return name;
    default:
      return `${kind} ${name}`;
  }
}

/** `MediaWiki >= 1.43`; without the constraint where any version will do. */
export function demandInWords(thing: Thing, constraint: string): string {
  return constraint === '*' ? thingInWords(thing) : `${thingInWords(thing)} ${constraint}`;
}

/** The version of an option, or its other name. */
export function nameOfOption({ version, label }: Option): string {
  return version ?? label;
}

/** `mediawiki is kept at ~1.39.0 (1.39.17 is the newest there is)`. */
export function rangeSentence({ component, range, options }: Variable): string {
  const allowed = options.filter(({ inRange }) => inRange);
  const [newest] = allowed;
  if (isFixed({ range })) return `${component} is fixed to ${range}`;
  if (range.startsWith('the tree ')) return `${component} is taken from ${range}`;
  const words =
    range === 'latest' ? 'its releases ("latest")' : range === 'any' ? 'its versions ("any")' : range;
  if (newest === undefined) return `${component} is limited to ${words} (no version exists)`;
  const what = allowed.length === 1 ? 'is the only version' : 'is the newest version';
  const skipped = options.flatMap((option) => option.skipped ?? []);
  if (skipped.length > 0) {
    const passed = skipped.map(({ version, until }) => `${version} is skipped until ${until}`);
    return `${component} is limited to ${words} (${joined(passed)}; except for this, ${nameOfOption(newest)} ${what})`;
  }
  return `${component} is limited to ${words} (${nameOfOption(newest)} ${what})`;
}

function isFixed({ range }: Pick<Variable, 'range'>): boolean {
  return /^(?:tag|commit) /.test(range) || (range.startsWith('branch ') && !range.includes('*'));
}

/** `mediawiki is taken at 1.43.0, which is decided first`. */
export function keptSentence(variable: Variable, option: number): string {
  return `${variable.component} is already decided: ${nameOfOption(variable.options[option]!)}`;
}

/** Demands on one thing that say the same, and the versions of the component that have them, newest first. */
export interface Demanding {
  constraint: string;
  versions: string[];
}

/** The maximum number of different demands on one thing that are listed separately. */
const mostAskings = 3;

/**
 * `extension Foo asks for MediaWiki >= 1.43 in each of its 12 versions from 1.0 to 3.2`.
 * @param of how many versions of the component are meant; `these` where they were named just before
 */
export function demandSentence(
  { component, by, thing }: { component: string; by: string; thing: Thing },
  askings: readonly Demanding[],
  of: number | 'these',
): string {
  const [{ constraint, versions }] = askings as readonly [Demanding, ...Demanding[]];
  const wanted = demandInWords(thing, constraint);
  if (by === profileItself) return `the profile requires ${wanted} for ${component}`;
  const own = isOwn(by, component);
  const whose = own ? '' : ` of ${component}`;
  if (askings.length === 1 && versions.length === 1) {
    const who = own ? `${by} ${versions[0]!}` : `${by} (of ${component} ${versions[0]!})`;
    return `${who} requires ${wanted}`;
  }
  if (askings.length === 1 && of === 'these') return `${by} requires ${wanted} in all of them`;
  if (askings.length === 1 && of !== 'these') {
    return `${by} requires ${wanted} ${versionsInWords(versions, of, own ? 'its' : 'the', whose)}`;
  }
  const shown =
    askings.length > mostAskings ? [...askings.slice(0, mostAskings - 1), askings.at(-1)!] : askings;
  const parts = shown.map((one) => `${one.constraint} in ${spanOf(one.versions)}${whose}`);
  const left = askings.length - shown.length;
  if (left > 0) parts.splice(-1, 0, `${left} more in between`);
  return `${by} requires ${thingInWords(thing)}: ${parts.join(', ')}`;
}

/** @param names newest first, two at least */
function versionsInWords(names: readonly string[], of: number, its: string, whose: string): string {
  const [newest, oldest] = [names[0]!, names.at(-1)!];
  const span = names.length === 2 ? `${oldest} and ${newest}` : `from ${oldest} to ${newest}`;
  if (names.length < of) return `in ${names.length} of ${its} ${of} versions${whose}, ${span}`;
  if (of === 2) return `in both of ${its} versions${whose}, ${span}`;
  return `in each of ${its} ${of} versions${whose} ${span}`;
}

/** Whether the one who demands it is the component itself and not a part of it. */
function isOwn(by: string, component: string): boolean {
  return isNamedAfter(component, by.slice(by.lastIndexOf(' ') + 1));
}

/** Whether a component is called like a piece of software: `foo` or `extension-foo` like `Foo`. */
export function isNamedAfter(component: string, name: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  return plain(name) !== '' && plain(component).endsWith(plain(name));
}

/** `foo is fixed to tag 2.0`, `of foo there is 1.0 to 3.2 (12 versions)`. */
export function thereIsSentence(variable: Variable): string {
  const { component, options } = variable;
  if (isFixed(variable)) return rangeSentence(variable);
  return `${component} has the versions ${spanOf(options.map(nameOfOption))}`;
}

/** `A`, `A, and B`, `A, B, and C`: parts of one sentence. */
export function joined(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')}, and ${parts.at(-1)!}`;
}

/** `3.2`, `3.1 and 3.2`, `1.0 to 3.2 (12 versions)`; names newest first. */
export function spanOf(names: readonly string[]): string {
  if (names.length === 1) return names[0]!;
  if (names.length === 2) return `${names[1]!} and ${names[0]!}`;
  return `${names.at(-1)!} to ${names[0]!} (${counted(names.length, 'version')})`;
}
