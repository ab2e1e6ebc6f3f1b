/** The shape of a pin in JSON output: of `resolve`, and of manifests that `show` prints. */
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const storedFile = z.object({ name: z.string(), size: z.number().int().describe('Bytes'), sha256 });
const pinBase = {
  component: z.string(),
  upstreamVersion: z.string(),
  date: z.number().int().describe('Time of the last change of the packaging, in seconds since 1970'),
  commit: z.string().optional().describe('Of a source in git'),
  provenance: z.array(
    z.object({
      step: z.string(),
      subject: z.string(),
      by: z.string().optional(),
      sha256: z.string().optional(),
    }),
  ),
};
export const pinResult = z.discriminatedUnion('kind', [
  z.object({
    ...pinBase,
    kind: z.literal('apt-source'),
    package: z.string(),
    version: z.string(),
    suite: z.string(),
    dsc: z.string(),
    files: z.array(storedFile),
  }),
  z.object({
    ...pinBase,
    kind: z.literal('apt-binary'),
    packages: z.array(
      z.object({
        package: z.string(),
        version: z.string(),
        architecture: z.string(),
        source: z.string(),
        sourceVersion: z.string(),
        suite: z.string(),
        stanza: z.string().describe('Verbatim from Packages'),
        file: storedFile,
      }),
    ),
  }),
  z.object({
    ...pinBase,
    kind: z.literal('within'),
    within: z.string().describe('The component whose tree it is in'),
    path: z.string(),
    library: z.string().optional(),
    demanded: z.string().optional().describe('The Composer constraint of the surrounding tree'),
    archive: storedFile,
  }),
  z.object({
    ...pinBase,
    kind: z.literal('git'),
    url: z.string(),
    ref: z.string().nullable().describe('refs/tags/...; null for a commit named in the profile'),
    commit: z.string(),
    submodules: z.array(z.object({ path: z.string(), url: z.string(), commit: z.string() })),
    signedBy: z.string().nullable().describe('Fingerprint of the key that signed the tag or commit'),
    archive: storedFile,
  }),
  z.object({
    ...pinBase,
    kind: z.literal('tarball'),
    url: z.string(),
    signedBy: z.string().nullable().describe('Fingerprint of the key that signed it'),
    archive: storedFile,
  }),
  z.object({
    ...pinBase,
    kind: z.literal('local'),
    path: z.string().describe('As typed'),
    archive: storedFile,
  }),
]);
