/** What is typed on a machine, as root, so that it follows a suite and has what is in it. Pure. */
import { keyringPackageOf } from '../../metapackage/pinned-packages.js';
import type { Workspace } from '../../profile/workspace-schema.js';

/**
 * In two steps: the keyring package's pin has no effect while that package is being installed, and without it
 * apt prefers Debian's own package if that has a higher version.
 *
 * @param metapackage null for a set that has none
 */
export function machineLines(workspace: Workspace, suite: string, metapackage: string | null): string[] {
  const { name, baseUrl } = workspace.archive;
  return [
    `curl -fsSo /etc/apt/sources.list.d/${name}.sources ${baseUrl}/debian/${suite}.sources`,
    `apt-get update && apt-get install -y ${keyringPackageOf(workspace)}`,
    ...(metapackage === null ? [] : [`apt-get install -y ${metapackage}`]),
  ];
}
