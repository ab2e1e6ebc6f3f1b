/** What `key generate`, `key rotate` and `key status` print with `--json`. */
import { z } from 'zod';
import { time } from '../../snapshot/result-fields.js';
import { refreshResult } from '../upkeep/upkeep-results.js';

export const keyResult = z.object({
  fingerprint: z.string(),
  keyFile: z.string(),
  revocationFile: z.string(),
  protected: z.boolean().describe('Whether a passphrase protects it'),
});
export type KeyResult = z.infer<typeof keyResult>;

const fingerprint = z.string().describe('40 upper-case hex digits');

const keys = z.array(
  z.object({
    fingerprint,
    state: z.enum(['current', 'next', 'former', 'compromised']),
    since: time.nullable().describe('When it was introduced; null: before the record began'),
    until: time.nullable().describe('When it stopped signing; null if it still signs'),
  }),
);

const plan = z.object({
  step: z
    .enum(['announce', 'both', 'finish'])
    .nullable()
    .describe('The next step of key rotate; null if there is no next key'),
  current: fingerprint,
  next: fingerprint.nullable(),
  does: z.string().describe('What the step does'),
  notBefore: time.nullable().describe('Earliest time of the step; null if not yet known'),
  obstacles: z
    .array(z.object({ message: z.string(), waits: z.boolean().describe('True if --now overrides it') }))
    .describe('What blocks the step now'),
});

export const keyStatusResult = z.object({
  stage: z.enum(['steady', 'announced', 'both']).describe('State of the change to the next key'),
  stageSince: time,
  keys,
  plan,
});

export type KeyStatusResult = z.infer<typeof keyStatusResult>;

export const keyRotateResult = keyStatusResult.extend({
  dryRun: z.boolean(),
  done: z
    .enum(['announce', 'both', 'finish', 'abandon', 'compromise'])
    .nullable()
    .describe('The step that was taken; null if none. `plan` is the plan from before the step'),
  unbelieved: z
    .array(z.string())
    .describe(
      'After --compromised: what is no longer trusted, in the form that --accept takes: ids of snapshots, record files',
    ),
  views: refreshResult.shape.views.describe('What was signed again'),
});

export type KeyRotateResult = z.infer<typeof keyRotateResult>;
