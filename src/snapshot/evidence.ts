/**
 * Evidence: what a gate says of a snapshot, as data. Each record is an in-toto
 * Statement v1 about the manifest and its packages. It owns the shape and what
 * the records of one gate come to; evidence-file.ts keeps them, and
 * src/cli/explain/evidence.ts puts them into sentences. Pure.
 */
import { z } from 'zod';
import { sha256 } from '../io/sha256.js';

/** in-toto attestation framework, spec/v1/statement.md. */
const statementType = 'https://in-toto.io/Statement/v1';

/** spec/predicates/test-result.md. The states `passed` and `failed` of a test are told in it. */
const testResult = 'https://in-toto.io/attestation/test-result/v0.1';

/** For what is no result of a test: signatures that were looked at, and the states `pending` and `waived`. */
const gateState = 'urn:lockstep:gate:v1';

/** The part of a snapshot that evidence names. */
export interface EvidenceSubject {
  manifest: { id: string; profile: string; packages: readonly { path: string; sha256: string }[] };
  /** Of the manifest's text. */
  sha256: string;
}

const data = z.record(z.string(), z.unknown());
const names = z.array(z.string());
/** A gate that no record speaks of is `missing`, which is not `failed`. */
const state = z.enum(['pending', 'failed', 'waived', 'passed']);
const ref = z.object({ id: z.string(), sha256 });

/** What a gate said of one snapshot. `gate`: `vetting`, `installability`, `signature`, or another one. */
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
/** Facts and parameters: plain JSON objects, whose shape the gate owns. */
export type EvidenceData = Evidence['facts'];
/** Tests by name. `warned`: they could not look at everything. */
export type EvidenceTests = NonNullable<Evidence['tests']>;
/** What a gate says before it is about a certain snapshot. */
export type EvidenceDraft = Omit<Evidence, 'recorded' | 'key'>;

/** The `statement` of a line: only what is relied on is checked; in-toto lets producers add fields. */
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
 * A statement names this many packages at most. Of a larger set it names the manifest alone, which has their digests:
 * a move reads the evidence, and must not cost more for a larger archive.
 */
const mostSubjects = 1000;

/**
 * The in-toto statement that a draft becomes.
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

/** What a statement says, without its subjects. */
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

/** The newest record of a gate that still counts. */
export function lastOf(evidence: readonly Evidence[], gate: string, now: Date): Evidence | undefined {
  const last = evidence.findLast((one) => one.gate === gate);
  return last?.until !== undefined && Date.parse(last.until) <= now.getTime() ? undefined : last;
}

/** What the records of a gate come to. */
export function stateOf(evidence: readonly Evidence[], gate: string, now: Date): GateState {
  return lastOf(evidence, gate, now)?.state ?? 'missing';
}
