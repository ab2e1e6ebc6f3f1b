/** The shape of what `key rotate` and `key status` print with `--json`. */
import { z } from 'zod';
import { time } from './fields.js';
import { refreshResult } from './upkeep.js';

const fingerprint = z.string().describe('40 upper-case hex digits');

const keys = z.array(
  z.object({
    fingerprint,
    state: z.enum(['current', 'next', 'former', 'compromised']),
    since: time.nullable().describe('When it was brought in; null: before there was a record'),
    until: time.nullable().describe('When it stopped to sign; null: it has not'),
  }),
);

const plan = z.object({
  step: z
    .enum(['announce', 'both', 'finish'])
    .nullable()
    .describe('The next step of key rotate; null: there is no next key'),
  current: fingerprint,
  next: fingerprint.nullable(),
  does: z.string().describe('What the step does'),
  notBefore: time.nullable().describe('From when on it may be taken; null: that is not known yet'),
  obstacles: z
    .array(z.object({ message: z.string(), waits: z.boolean().describe('Whether --now overrides it') }))
    .describe('What speaks against it now'),
});

export const keyStatusResult = z.object({
  stage: z.enum(['steady', 'announced', 'both']).describe('How far the change to a next key is'),
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
    .describe('The step that was taken; null: none. `plan` is that of before it'),
  unbelieved: z
    .array(z.string())
    .describe(
      'After --compromised: what is not believed any more, as --accept takes it: ids of snapshots, files of lines',
    ),
  views: refreshResult.shape.views.describe('What was signed anew'),
});
export type KeyRotateResult = z.infer<typeof keyRotateResult>;
