/** Whole indices read by apt, for `verify`: a publication reads only what is new in a set. */
import { tmpdir } from 'node:os';
import { byHashPath, liveView } from '../../archive/layout.js';
import type { SignedView } from '../../archive/signed-view.js';
import { storedIndices } from '../../archive/verify-index.js';
import type { Release } from '../../deb/release-file.js';
import { decompressByName } from '../../io/compress.js';
import { sha256Of } from '../../io/disk.js';
import type { Finding } from '../../snapshot/finding.js';
import { complaintOfIndex } from '../../vetting/install/apt-reading.js';
import type { Context } from '../workspace/context.js';

/**
 * Has apt read every Packages index of the live suites. An index with other bytes than its Release says is skipped:
 * another finding says so. Frozen views list nothing that no live suite listed.
 *
 * @param views of the archive, as they were read
 * @returns paths are below the root of what is published
 * @throws LockstepError TOOL_MISSING (apt), DISK_*, INTERRUPTED
 */
export async function readingFaults(
  { archive, signal }: Context,
  views: readonly { signed: SignedView }[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { signed } of views) {
    const { release, view } = signed;
    if (release === null || view !== liveView(view.slice(liveView('').length))) continue;
    for (const { path, sha256, architecture } of packagesIndices(release)) {
      const file = byHashPath(view, path, sha256);
      const bytes = await archive.read(file);
      if (bytes === undefined || sha256Of(bytes) !== sha256) continue;
      const said = await complaintOfIndex(decompressByName(path, [bytes], { signal }), {
        architectures: [architecture],
        // Whoever verifies may not write in the workspace
        temporary: tmpdir(),
        signal,
      });
      if (said === null) continue;
      findings.push({
        code: 'INDEX_UNREADABLE',
        kind: 'contradiction',
        path: file,
        message: `apt cannot read ${path} of ${view}: ${said}`,
        hint: 'Machines that follow the suite have this error. lockstep rollback returns it to a snapshot without the package',
      });
    }
  }
  return findings;
}

/** One form of each Packages index. */
function packagesIndices(release: Release): { path: string; sha256: string; architecture: string }[] {
  const found = new Map<string, { path: string; sha256: string; architecture: string }>();
  for (const [path, { sha256 }] of storedIndices(release)) {
    const [, stem, architecture] = /^(.*\/binary-([^/]+)\/Packages)(?:\.[a-z0-9]+)?$/.exec(path) ?? [];
    if (stem !== undefined && architecture !== undefined) found.set(stem, { path, sha256, architecture });
  }
  return [...found.values()];
}
