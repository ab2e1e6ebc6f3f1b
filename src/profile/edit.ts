/**
 * Putting a component into a profile that a person wrote: their comments,
 * order and layout stay, byte for byte. Pure; reading and writing the file is
 * the caller's.
 */
import { Document, isMap, isScalar, isSeq, parseDocument, stringify, type Node, type YAMLMap } from 'yaml';
import { LockstepError } from '../errors.js';
import { invalid, isImported, parseAnyProfile, profileFile } from './load.js';
import type { Profile } from './profile-schema.js';

/** A component as a person would write it; the profile's own check says what may stand in it. */
export type NewComponent = Readonly<Record<string, unknown>>;

export interface ProfileEdit {
  /** The whole file afterwards. */
  text: string;
  /** The lines that are new. */
  fragment: string;
  /** Line that the first of them is, from 1. */
  line: number;
  /** What the file says afterwards. */
  profile: Profile;
}

/** Longer ones are written over several lines. */
const longestLine = 110;

/**
 * Adds a component at the end of the others.
 *
 * @param name of the profile
 * @throws LockstepError COMPONENT_EXISTS, PROFILE_INVALID (with every fault of what would come out), USAGE where the
 * profile has no components
 */
export function addComponent(
  text: string,
  name: string,
  component: string,
  value: NewComponent,
): ProfileEdit {
  const before = readComponents(text, name);
  const document = parseDocument(text);
  const components = document.get('components');
  if (!isMap(components)) throw noComponents(name);
  if (Object.hasOwn(before.components, component)) throw exists(text, name, component, components);
  const edit = inserted(text, components, component, value) ?? rewritten(document, component, value);
  const after = parseAnyProfile(edit.text, name);
  if (after.value === undefined || isImported(after.value)) {
    throw invalid('PROFILE_INVALID', `${profileFile(name)}, with the component ${component},`, after.faults);
  }
  return { ...edit, profile: after.value };
}

/**
 * The profile with components that a text is.
 * @param now as in {@link parseAnyProfile}
 * @throws LockstepError PROFILE_INVALID, USAGE for one of imported packages
 */
export function readComponents(text: string, name: string, now?: Date): Profile {
  const { value, faults } = parseAnyProfile(text, name, now);
  if (value === undefined) throw invalid('PROFILE_INVALID', profileFile(name), faults);
  if (isImported(value)) throw noComponents(name);
  return value;
}

function noComponents(name: string): LockstepError {
  return new LockstepError('USAGE', {
    message: `The profile ${name} has imported packages and no components`,
  });
}

function exists(text: string, name: string, component: string, components: YAMLMap): LockstepError {
  const pair = components.items.find((item) => isScalar(item.key) && item.key.value === component);
  const at = (pair?.key as Node | undefined)?.range?.[0] ?? 0;
  const line = lineAt(text, at);
  return new LockstepError('COMPONENT_EXISTS', {
    message: `The profile ${name} already has a component ${component}, in line ${line}`,
    hint: 'Change it there, or choose another name with --component',
    where: [{ file: `profiles/${name}.yaml`, line, path: `components.${component}` }],
  });
}

type Insertion = Pick<ProfileEdit, 'text' | 'fragment' | 'line'>;

/** Between lines, with nothing else touched; null where the components are not written one below the other. */
function inserted(
  text: string,
  components: YAMLMap,
  component: string,
  value: NewComponent,
): Insertion | null {
  const first = components.items[0]?.key as Node | undefined;
  const last = components.items.at(-1);
  if (components.flow === true || first?.range == null || last === undefined) return null;
  const indent = lineBefore(text, first.range[0]);
  if (indent.trim() !== '') return null;
  const end = endOf(last.value as Node | null) ?? (last.key as Node).range?.[1];
  if (end === undefined) return null;
  const at = afterLine(text, end);
  const head = text.slice(0, at) + (text[at - 1] === '\n' ? '' : '\n');
  const lines = written(component, value).map((line) => `${' '.repeat(indent.length)}${line}\n`);
  // As the ones before are kept apart
  const apart = /\n[ \t]*\r?\n/.test(text.slice(components.range![0], end)) ? '\n' : '';
  const fragment = lines.join('');
  const edited = `${head}${apart}${fragment}${text.slice(at)}`;
  return { text: edited, fragment, line: lineAt(edited, head.length + apart.length) };
}

/** Where the text of a node ends: of a map that is written over lines, where its last value does. */
export function endOf(node: Node | null): number | undefined {
  if ((isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0) {
    const last: unknown = node.items.at(-1);
    const inner = isMap(node) ? ((last as { value: Node | null }).value ?? null) : (last as Node);
    return endOf(inner) ?? node.range?.[1];
  }
  return node?.range?.[1];
}

function rewritten(document: Document, component: string, value: NewComponent): Insertion {
  document.setIn(['components', component], document.createNode(value));
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: true });
  return { text, fragment: `${written(component, value).join('\n')}\n`, line: 1 };
}

/** The component's lines, not indented: what fits on a line in braces, as people write it. */
function written(component: string, value: NewComponent): string[] {
  const document = new Document({ [component]: value });
  const own = document.get(component);
  for (const { key, value: inner } of isMap(own) ? own.items : []) {
    if (!isMap(inner)) continue;
    const flow = stringify(inner.toJSON(), { collectionStyle: 'flow', lineWidth: 0 });
    inner.flow = String((key as { value?: unknown }).value).length + flow.length < longestLine;
  }
  return document.toString({ lineWidth: 0, singleQuote: true }).trimEnd().split('\n');
}

/** What stands on a line before a place. */
export function lineBefore(text: string, offset: number): string {
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
}

/** Where the line ends that `end` is on, its comment and its line end within. */
export function afterLine(text: string, end: number): number {
  if (text[end - 1] === '\n') return end;
  const next = text.indexOf('\n', end) + 1;
  return next === 0 ? text.length : next;
}

/** The line that a place in a text is on, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
