/**
 * Adds a skip to a profile that a person wrote, or removes one. Everything else in the file stays byte for
 * byte, if its lines allow it. Pure; the caller reads and writes the file.
 */
import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, parseDocument, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { LockstepError } from '../errors.js';
import { endOf, lineAt } from './edit.js';
import { invalid, isImported, parseAnyProfile } from './load.js';
import type { Profile } from './profile-schema.js';
import type { Skip } from './skip.js';

export interface SkipEdit {
  action: 'add' | 'change' | 'remove' | 'none';
  /** The whole file afterwards. */
  text: string;
  /** The lines that are new, or that go. */
  fragment: string;
  /** Where the change is, from 1; null where there is none. */
  line: number | null;
}

/**
 * Adds a skip behind those that the component has, or changes the one of the same version.
 *
 * @param name of the profile
 * @param component one that it has
 * @throws LockstepError PROFILE_INVALID (with every fault of what would come out), USAGE where the file is written in a
 * form that cannot be edited
 */
export function putSkip(text: string, name: string, component: string, skip: Skip, now: Date): SkipEdit {
  const profile = read(text, name);
  const skips = profile.components[component]!.skip ?? [];
  const index = skips.findIndex(({ version }) => version === skip.version);
  const before = skips[index];
  if (before !== undefined && before.reason === skip.reason && before.until === skip.until) {
    return { action: 'none', text, fragment: '', line: null };
  }
  const wanted = before === undefined ? [...skips, skip] : skips.with(index, skip);
  const found = parts(text, component);
  const splice = before === undefined ? added(text, found, skip) : changed(found, index, skip);
  const edit = applied({ text, name, component, wanted, splice, profile, now });
  const line = splice === null ? null : lineAt(edit, splice.at + splice.lead);
  return {
    action: before === undefined ? 'add' : 'change',
    text: edit,
    fragment: splice?.fragment ?? `${entry(skip)}\n`,
    line,
  };
}

/** Takes the skip of a version out of a component. Throws as {@link putSkip}. */
export function dropSkip(text: string, name: string, component: string, version: string): SkipEdit {
  const profile = read(text, name);
  const skips = profile.components[component]!.skip ?? [];
  const index = skips.findIndex((one) => one.version === version);
  const before = skips[index];
  if (before === undefined) return { action: 'none', text, fragment: '', line: null };
  const splice = removed(text, parts(text, component), index);
  const edit = applied({ text, name, component, wanted: skips.toSpliced(index, 1), splice, profile });
  return {
    action: 'remove',
    text: edit,
    fragment: splice?.fragment ?? `${entry(before)}\n`,
    line: splice === null ? null : lineAt(text, splice.at),
  };
}

function read(text: string, name: string, now?: Date): Profile {
  const { value, faults } = parseAnyProfile(text, name, now);
  if (value === undefined) throw invalid('PROFILE_INVALID', `profiles/${name}.yaml`, faults);
  if (!isImported(value)) return value;
  throw new LockstepError('USAGE', {
    message: `The profile ${name} has imported packages and no components`,
  });
}

/** A place in the text, and what stands there instead. */
interface Splice {
  at: number;
  /** Up to here the text goes. */
  end: number;
  insert: string;
  /** Characters of `insert` before the first new line. */
  lead: number;
  /** The lines that a person is shown of the edit. */
  fragment: string;
  /** More of the kind, further on in the text. */
  also?: { at: number; end: number; insert: string }[];
}

interface Parts {
  component: YAMLMap | null;
  key: Node | null;
  skip: YAMLSeq | null;
}

function parts(text: string, name: string): Parts {
  const component = parseDocument(text).getIn(['components', name], true);
  if (!isMap(component)) return { component: null, key: null, skip: null };
  const pair = component.items.find(({ key }) => isScalar(key) && key.value === 'skip');
  return {
    component,
    key: (pair?.key as Node | undefined) ?? null,
    skip: isSeq(pair?.value) ? pair.value : null,
  };
}

/** `{ version: "1:1.43.12-1", reason: "no mirror has it", until: 2026-12-13 }`. JSON's quotes are YAML's too. */
function entry({ version, reason, until }: Skip): string {
  return `{ version: ${JSON.stringify(version)}, reason: ${JSON.stringify(reason)}, until: ${until} }`;
}

function added(text: string, { component, key, skip }: Parts, one: Skip): Splice | null {
  if (component === null || component.flow === true) return null;
  let lines: string;
  let last: Node;
  if (key === null) {
    const first = component.items[0]?.key as Node | undefined;
    const before = first?.range == null ? null : lineBefore(text, first.range[0]);
    if (before === null || before.trim() !== '') return null;
    lines = `${before}skip:\n${before}  - ${entry(one)}\n`;
    last = component;
  } else {
    const item = skip?.flow === true ? undefined : (skip?.items.at(-1) as Node | undefined);
    const before = item?.range == null ? null : lineBefore(text, item.range[0]);
    if (item === undefined || before === null || !/^\s*-\s+$/.test(before)) return null;
    lines = `${before}${entry(one)}\n`;
    last = item;
  }
  const end = endOf(last);
  if (end === undefined) return null;
  const at = afterLine(text, end);
  const lead = at === text.length && text[at - 1] !== '\n' ? '\n' : '';
  return { at, end: at, insert: lead + lines, lead: lead.length, fragment: lines };
}

function changed({ skip }: Parts, index: number, { reason, until }: Skip): Splice | null {
  const item: unknown = skip?.items[index];
  if (!isMap(item)) return null;
  const scalars = (['reason', 'until'] as const).map((field) => item.get(field, true));
  const texts = [JSON.stringify(reason), until];
  const splices = scalars.flatMap((scalar, which) => {
    const plain = scalar?.range != null && scalar.type?.startsWith('BLOCK') !== true;
    return plain ? [{ at: scalar.range![0], end: scalar.range![1], insert: texts[which]! }] : [];
  });
  const [first, second] = splices.sort((a, b) => a.at - b.at);
  if (first === undefined || second === undefined) return null;
  const fragment = `reason: ${JSON.stringify(reason)}, until: ${until}\n`;
  return { ...first, lead: 0, fragment, also: [second] };
}

function removed(text: string, { component, key, skip }: Parts, index: number): Splice | null {
  const item = skip?.items[index] as Node | undefined;
  if (component === null || component.flow === true || skip === null || item?.range == null) return null;
  const isLast = skip.items.length === 1;
  const from = isLast ? key!.range![0] : item.range[0];
  const before = lineBefore(text, from);
  const end = endOf(item);
  const fits = isLast ? before.trim() === '' : skip.flow !== true && /^\s*-\s+$/.test(before);
  if (!fits || end === undefined) return null;
  const at = from - before.length;
  // The end of a list in brackets is behind its last item
  const to = afterLine(text, isLast && skip.flow === true ? skip.range![1] : end);
  return { at, end: to, insert: '', lead: 0, fragment: text.slice(at, to) };
}

/** What stands on a line before a place. */
function lineBefore(text: string, offset: number): string {
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
}

/** Where the line ends that `end` is on, its comment and its line end within. */
function afterLine(text: string, end: number): number {
  if (text[end - 1] === '\n') return end;
  const next = text.indexOf('\n', end) + 1;
  return next === 0 ? text.length : next;
}

interface Wanted {
  text: string;
  name: string;
  component: string;
  wanted: readonly Skip[];
  splice: Splice | null;
  profile: Profile;
  now?: Date;
}

/** The new text: with inserted lines if their result is exactly the intended one, otherwise rewritten. */
function applied({ text, name, component, wanted, splice, profile, now }: Wanted): string {
  const own = { ...profile.components[component]! };
  delete own.skip;
  const expected = {
    ...profile,
    components: {
      ...profile.components,
      [component]: { ...own, ...(wanted.length === 0 ? {} : { skip: wanted }) },
    },
  };
  const says = (edited: string): boolean => {
    const { value } = parseAnyProfile(edited, name);
    return isDeepStrictEqual(value, expected);
  };
  let edited = splice === null ? text : spliced(text, splice);
  if (!says(edited)) edited = rewritten(text, component, wanted);
  if (!says(edited)) {
    // The fault as for the file, if the result would be an invalid profile
    read(edited, name);
    throw new LockstepError('USAGE', {
      message: `The component ${component} of profiles/${name}.yaml is written in a form that Lockstep cannot edit`,
      hint: `Write this line yourself: skip: [${wanted.map(entry).join(', ')}]`,
    });
  }
  if (now !== undefined) read(edited, name, now);
  return edited;
}

function spliced(text: string, { at, end, insert, also = [] }: Splice): string {
  let edited = text;
  for (const part of [{ at, end, insert }, ...also].sort((a, b) => b.at - a.at)) {
    edited = edited.slice(0, part.at) + part.insert + edited.slice(part.end);
  }
  return edited;
}

function rewritten(text: string, component: string, wanted: readonly Skip[]): string {
  const document = parseDocument(text);
  const path = ['components', component, 'skip'];
  try {
    if (wanted.length === 0) document.deleteIn(path);
    else document.setIn(path, document.createNode(wanted));
  } catch {
    // Not where such a field can be: the caller sees that nothing changed
    return text;
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}
