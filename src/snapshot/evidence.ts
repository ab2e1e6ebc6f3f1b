/**
 * Evidence: a gate's statement about a snapshot, as data. Each record is an in-toto Statement v1 about the manifest and
 * its packages. This file owns the shape of records, and derives the state of a gate from its records. evidence-file.ts
 * stores them; src/cli/explain/evidence.ts makes sentences of them. Pure.
 */
import { z } from 'zod';
import { sha256 } from '../io/sha256.js';

/** in-toto attestation framework, spec/v1/statement.md. */
const statementType = 'https://in-toto.io/Statement/v1';

/** spec/predicates/test-result.md. The predicate for the states `passed` and `failed` of a test. */
const testResult = 'https://in-toto.io/attestation/test-result/v0.1';

/** The predicate for anything except a test result: checked signatures, and the states `pending` and `waived`. */
const gateState = 'urn:lockstep:gate:v1';

/** The part of a snapshot that evidence names. */
export interface EvidenceSubject {
  manifest: { id: string; profile: string; packages: readonly { path: string; sha256: string }[] };
  /** SHA-256 of the manifest's text. */
  sha256: string;
}

const data = z.record(z.string(), z.unknown());
const names = z.array(z.string());
/** A gate without a record has the state `missing`, which differs from `failed`. */
const state = z.enum(['pending', 'failed', 'waived', 'passed']);
const ref = z.object({ id: z.string(), sha256 });

/** The result of a gate for one snapshot. `gate`: `vetting`, `installability`, `signature`, or another one. */
export const evidenceShape = z.object({
  gate: z.string(),
  state,
  parameters: data.describe('Parameters of the gate: versions, rules, the base'),
  facts: data.describe('Facts that the gate found'),
  tests: z
    .object({
      passed: names,
      warned: names.describe('They could not examine everything'),
      failed: names,
    })
    .optional()
    .describe('By name; left out if the gate is not a test'),
  tools: names.optional().describe('Package URLs of the tools that ran: `pkg:deb/debian/apt@2.6.1`'),
  until: z.string().optional().describe('ISO 8601, UTC: from then on the evidence counts as missing'),
  of: ref.optional().describe('The examined snapshot, which has the same content'),
  recorded: z.string().nullable().describe('ISO 8601, UTC; null in manifests of format 1'),
  key: z.string().nullable().describe('Fingerprint of the key that signed it; null in manifests of format 1'),
});

export type Evidence = z.infer<typeof evidenceShape>;
export type GateState = Evidence['state'] | 'missing';
/** Facts and parameters: plain JSON objects. The gate owns their shape. */
export type EvidenceData = Evidence['facts'];
/** Names of tests. `warned`: tests that could not check everything. */
export type EvidenceTests = NonNullable<Evidence['tests']>;
/** A gate's result before it is bound to a snapshot. */
export type EvidenceDraft = Omit<Evidence, 'recorded' | 'key'>;

/** The `statement` of a line. It checks only the fields that Lockstep uses; in-toto lets producers add fields. */
export const statementSchema = z.looseObject({
  _type: z.literal(statementType),
  subject: z.array(z.looseObject({ name: z.string(), digest: z.looseObject({ sha256 }) })).min(1),
  predicateType: z.enum([testResult, gateState]),
  predicate: z.looseObject({
    gate: z.string().regex(/^[a-z][a-z0-9-]*$/, { error: 'must be the name of a gate' }),
    state,
    recorded: z.iso.datetime(),
    until: z.iso.datetime().nullable(),
    key: z.string().regex(/^[0-9A-F]{40}$/, { error: 'must be a fingerprint' }),
    of: ref.nullable(),
    parameters: data,
    facts: data,
    passedTests: names.optional(),
    warnedTests: names.optional(),
    failedTests: names.optional(),
    configuration: z.array(z.looseObject({ uri: z.string().optional() })).optional(),
  }),
});

export type Statement = z.infer<typeof statementSchema>;

/**
 * The most packages that a statement names. For a larger set it names only the manifest, which has their digests: each
 * move reads the evidence, and its cost must not grow with the archive.
 */
const mostSubjects = 1000;

/**
 * A draft as an in-toto statement.
 *
 * @param by the fingerprint of the key that will sign it, and the time
 */
export function statementOf(
  draft: EvidenceDraft,
  { manifest, sha256: digest }: EvidenceSubject,
  by: { key: string; recorded: Date },
): Statement {
  const { gate, state, parameters, facts, tests, tools = [], until = null, of = null } = draft;
  const packages = manifest.packages.length > mostSubjects ? [] : manifest.packages;
  const isResult = tests !== undefined && (state === 'passed' || state === 'failed');
  return {
    _type: statementType,
    subject: [
      { name: `snapshots/${manifest.profile}/${manifest.id}.json`, digest: { sha256: digest } },
      ...packages.map((entry) => ({ name: entry.path, digest: { sha256: entry.sha256 } })),
    ],
    predicateType: isResult ? testResult : gateState,
    predicate: {
      gate,
      state,
      recorded: by.recorded.toISOString(),
      until,
      key: by.key,
      of,
      parameters: { ...parameters },
      facts: { ...facts },
      ...(tests === undefined
        ? {}
        : { passedTests: tests.passed, warnedTests: tests.warned, failedTests: tests.failed }),
      ...(isResult ? { result: resultOf(state, tests) } : {}),
      ...(isResult || tools.length > 0 ? { configuration: tools.map((uri) => ({ uri })) } : {}),
    },
  };
}

/** `result` of test-result v0.1. */
function resultOf(state: 'passed' | 'failed', { warned }: EvidenceTests): 'PASSED' | 'WARNED' | 'FAILED' {
  if (state === 'failed') return 'FAILED';
  return warned.length > 0 ? 'WARNED' : 'PASSED';
}

/** The content of a statement, without its subjects. */
export function evidenceOf({ predicate }: Statement): Evidence {
  const { gate, state, recorded, until, key, of, parameters, facts } = predicate;
  const { passedTests, warnedTests = [], failedTests = [], configuration = [] } = predicate;
  return {
    gate,
    state,
    parameters,
    facts,
    ...(passedTests === undefined
      ? {}
      : { tests: { passed: passedTests, warned: warnedTests, failed: failedTests } }),
    ...(configuration.length === 0 ? {} : { tools: configuration.flatMap(({ uri }) => uri ?? []) }),
    ...(until === null ? {} : { until }),
    ...(of === null ? {} : { of }),
    recorded,
    key,
  };
}

/** Whether a statement is about a manifest. */
export function isAbout({ subject }: Statement, manifest: string): boolean {
  return subject[0]?.digest.sha256 === manifest;
}

/** The newest record of a gate that is still valid. */
export function lastOf(evidence: readonly Evidence[], gate: string, now: Date): Evidence | undefined {
  const last = evidence.findLast((one) => one.gate === gate);
  return last?.until !== undefined && Date.parse(last.until) <= now.getTime() ? undefined : last;
}

/** The state of a gate that follows from its records. */
export function stateOf(evidence: readonly Evidence[], gate: string, now: Date): GateState {
  return lastOf(evidence, gate, now)?.state ?? 'missing';
}
