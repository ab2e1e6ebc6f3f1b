/**
 * Converts zod's issues to messages for people: one fault per place, with file, line, column, the field's path and the
 * allowed values. It owns the texts of shape faults. It does not know what the files mean.
 */
import { z } from 'zod';
import type { FaultPlace } from '../errors.js';
import { remembered } from '../io/keyed.js';
import { didYouMean } from './nearest.js';
import { describeValue, type FieldPath, type YamlFile } from './yaml-file.js';

/** The part of JSON Schema that `z.toJSONSchema` produces for Lockstep's schemas. */
export interface JsonSchema {
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema | JsonSchema[] | boolean;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}

/** The value of a valid file, otherwise undefined, and all faults of the file. */
export interface Checked<T> {
  value: T | undefined;
  faults: FaultPlace[];
}

/** Reports a fault of a field, or of its key. */
export type Fault = (path: FieldPath, message: string, part?: 'key') => void;

/** A rule on the data as written. The data can have any shape, so the rule must not trust any type. */
export type Rule = (data: unknown, fault: Fault) => void;

/**
 * Checks a file against a schema and against rules across fields. Rules run even if the schema finds faults,
 * so that all faults are reported at once.
 */
export function checkYaml<S extends z.ZodType>(
  file: YamlFile,
  schema: S,
  rules: readonly Rule[],
): Checked<z.output<S>> {
  const faults = [...file.faults];
  if (!file.readable) return { value: undefined, faults: inOrder(faults) };
  const parsed = schema.safeParse(file.data);
  if (!parsed.success) {
    const shape = jsonSchemaOf(schema);
    for (const issue of parsed.error.issues) faults.push(...describeIssue(issue, file, shape));
  }
  // A rule adds nothing about a field whose shape is already wrong
  const told = new Set(faults.map((fault) => fault.path));
  for (const rule of rules) {
    rule(file.data, (path, message, part) => {
      const place = file.place(path, part);
      if (!told.has(place.path)) faults.push({ ...place, message });
    });
  }
  return { value: parsed.success && faults.length === 0 ? parsed.data : undefined, faults: inOrder(faults) };
}

/** Cached, because making one takes tens of milliseconds, and schemas never change. */
const madeSchemas = new WeakMap<z.ZodType, JsonSchema>();

/** The JSON Schema of the file as a person writes it, the same that editors get. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const options = { io: 'input', unrepresentable: 'any' } as const;
  return remembered(madeSchemas, schema, () => z.toJSONSchema(schema, options) as JsonSchema);
}

function inOrder(faults: FaultPlace[]): FaultPlace[] {
  return faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function describeIssue(issue: z.core.$ZodIssue, file: YamlFile, shape: JsonSchema): FaultPlace[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const value = valueAt(file.data, path);
  const missing = value === undefined;
  const at = (message: string): FaultPlace[] => [{ ...file.place(path), message }];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schemasAt(shape, path, file.data));
      return issue.keys.map((key) => ({
        ...file.place([...path, key], 'key'),
        message: `unknown key "${key}"${didYouMean(key, known) || '.'} Allowed here: ${known.join(', ')}`,
      }));
    }
    case 'invalid_type':
      if (missing) return at(`is missing; it must be ${expectedWord(issue.expected)}`);
      return at(
        `must be ${expectedWord(issue.expected)}, but is ${describeValue(value)}${quotesHint(issue.expected, value, file.written(path))}`,
      );
    case 'invalid_value':
      return at(choice(issue.values, value, file.written(path)));
    case 'invalid_union': {
      // The field that selects between the kinds
      if ('options' in issue) return at(choice(issue.options ?? [], value, file.written(path)));
      // A field that accepts one value or a list. The value is a list, so report the faults of its entries
      const ofList = issue.errors.find((branch) => branch.every((inner) => inner.path.length > 0));
      if (!Array.isArray(value) || ofList === undefined) break;
      return ofList.flatMap((inner) =>
        describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, file, shape),
      );
    }
    case 'invalid_key':
      return [
        {
          ...file.place(path, 'key'),
          message: `the name "${String(path.at(-1))}" ${issue.issues.map((inner) => inner.message).join('; ')}`,
        },
      ];
    case 'too_small':
    case 'too_big':
      return at(bound(issue));
    case 'invalid_format':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'custom':
      break;
  }
  return at(missing ? `is missing; it ${issue.message}` : issue.message);
}

function choice(values: readonly unknown[], given: unknown, written: string | undefined): string {
  const words = values.map(String);
  const allowed =
    words.length === 1 ? `must be ${JSON.stringify(values[0])}` : `must be one of ${words.join(', ')}`;
  if (given === undefined) return `is missing; it ${allowed}`;
  if (typeof given === 'object') return `${allowed}, but is ${describeValue(given)}`;
  const text = written ?? JSON.stringify(given);
  // `release: 12` is the number 12: the value is correct and only its quotes are missing
  if (typeof given !== 'string' && values.includes(text)) {
    return `${allowed}, as text: put it in quotes, "${text}"`;
  }
  const suggestion = typeof given === 'string' ? didYouMean(text, words) : '';
  return `${allowed}${suggestion || `, but is ${describeValue(given)}`}`;
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [limit, side] = issue.code === 'too_small' ? [issue.minimum, 'at least'] : [issue.maximum, 'at most'];
  if (issue.origin === 'array' || issue.origin === 'set') return `must have ${side} ${limit} entries`;
  if (issue.origin === 'string') return `must have ${side} ${limit} character(s)`;
  return `must be ${side} ${limit}`;
}

function expectedWord(expected: string): string {
  const words: Record<string, string> = {
    object: 'a map of keys',
    record: 'a map of names',
    array: 'a list',
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  };
  return words[expected] ?? expected;
}

/** Explains that YAML reads `1.10` as a number: many people do not expect that. */
function quotesHint(expected: string, value: unknown, written: string | undefined): string {
  if (expected !== 'string' || (typeof value !== 'number' && typeof value !== 'boolean')) return '';
  return `: put it in quotes, "${written ?? String(value)}"`;
}

/** The fields of a map; empty for any other value. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** The value at a path in data of any shape, or undefined. */
export function valueAt(data: unknown, path: FieldPath): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** The schemas that apply to a field; several if a choice between kinds is still open. */
function schemasAt(shape: JsonSchema, path: FieldPath, data: unknown): JsonSchema[] {
  let schemas = branches(shape, data);
  let value = data;
  for (const part of path) {
    value = valueAt(value, [part]);
    schemas = schemas.flatMap((schema) => {
      const inner = typeof part === 'number' ? schema.items : schema.properties?.[part];
      const next = inner ?? schema.additionalProperties;
      return typeof next === 'object' && !Array.isArray(next) ? branches(next, value) : [];
    });
  }
  return schemas;
}

function branches(schema: JsonSchema, value: unknown): JsonSchema[] {
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices === undefined) return [schema];
  const fitting = choices.filter((branch) =>
    Object.entries(branch.properties ?? {}).every(
      ([key, field]) => field.const === undefined || valueAt(value, [key]) === field.const,
    ),
  );
  return fitting.length > 0 ? fitting : choices;
}

function knownKeys(schemas: readonly JsonSchema[]): string[] {
  return [...new Set(schemas.flatMap((schema) => Object.keys(schema.properties ?? {})))];
}
