/**
 * Adds a skip to a profile that a person wrote, or removes one. Everything else in the file stays byte for
 * byte, if its lines allow it. Pure; the caller reads and writes the file.
 */
import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, parseDocument, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { LockstepError } from '../errors.js';
import { afterLine, endOf, lineAt, lineBefore, readComponents } from './edit.js';
import { parseAnyProfile } from './load.js';
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
  return edited({ text, name, component, version: skip.version, skip, now });
}

/** Takes the skip of a version out of a component. Throws as {@link putSkip}. */
export function dropSkip(text: string, name: string, component: string, version: string): SkipEdit {
  return edited({ text, name, component, version, skip: null });
}

interface Change {
  text: string;
  /** Of the profile. */
  name: string;
  component: string;
  version: string;
  /** What the component then says of the version; null for nothing. */
  skip: Skip | null;
  now?: Date;
}

function edited({ text, name, component, version, skip, now }: Change): SkipEdit {
  const profile = readComponents(text, name);
  const { skip: skips = [], ...own } = profile.components[component]!;
  const index = skips.findIndex((one) => one.version === version);
  const before = skips[index];
  if (isDeepStrictEqual(before ?? null, skip)) return { action: 'none', text, fragment: '', line: null };
  const found = parts(text, component);
  let action: SkipEdit['action'];
  let wanted: readonly Skip[];
  let splice: Splice | null;
  if (skip === null) {
    [action, wanted, splice] = ['remove', skips.toSpliced(index, 1), removed(text, found, index)];
  } else if (before === undefined) {
    [action, wanted, splice] = ['add', [...skips, skip], added(text, found, skip)];
  } else {
    [action, wanted, splice] = ['change', skips.with(index, skip), changed(text, found, index, skip)];
  }
  const components = {
    ...profile.components,
    [component]: { ...own, ...(wanted.length === 0 ? {} : { skip: wanted }) },
  };
  const says = (result: string): boolean =>
    isDeepStrictEqual(parseAnyProfile(result, name).value, { ...profile, components });
  // With inserted lines if their result is exactly the intended one, otherwise rewritten
  let result = splice === null ? text : spliced(text, splice.edits);
  if (!says(result)) result = rewritten(text, component, wanted);
  if (!says(result)) {
    // The fault as for the file, if the result would be an invalid profile
    readComponents(result, name);
    throw new LockstepError('USAGE', {
      message: `The component ${component} of profiles/${name}.yaml is written in a form that Lockstep cannot edit`,
      hint: `Write this line yourself: skip: [${wanted.map(entry).join(', ')}]`,
    });
  }
  if (now !== undefined) readComponents(result, name, now);
  const fragment = splice?.fragment ?? `${entry((skip ?? before)!)}\n`;
  return { action, text: result, fragment, line: splice?.line ?? null };
}

/** A place in the text, up to its end, and what stands there instead. */
interface Edit {
  at: number;
  end: number;
  insert: string;
}

interface Splice {
  edits: Edit[];
  /** The lines that a person is shown of it. */
  fragment: string;
  /** The first that is new, or that goes. */
  line: number;
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
  const edits = [{ at, end: at, insert: lead + lines }];
  return { edits, fragment: lines, line: lineAt(text, at) + lead.length };
}

function changed(text: string, { skip }: Parts, index: number, { reason, until }: Skip): Splice | null {
  const item: unknown = skip?.items[index];
  if (!isMap(item)) return null;
  const fields = { reason: JSON.stringify(reason), until };
  const edits = Object.entries(fields).flatMap(([field, insert]): Edit[] => {
    const scalar = item.get(field, true);
    const plain = scalar?.range != null && scalar.type?.startsWith('BLOCK') !== true;
    return plain ? [{ at: scalar.range![0], end: scalar.range![1], insert }] : [];
  });
  if (edits.length < 2) return null;
  const fragment = `reason: ${fields.reason}, until: ${until}\n`;
  return { edits, fragment, line: lineAt(text, Math.min(...edits.map(({ at }) => at))) };
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
  return { edits: [{ at, end: to, insert: '' }], fragment: text.slice(at, to), line: lineAt(text, at) };
}

function spliced(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.at - a.at)
    .reduce((whole, { at, end, insert }) => whole.slice(0, at) + insert + whole.slice(end), text);
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
