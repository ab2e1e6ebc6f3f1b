/**
 * The version a person knows a release by, out of Debian's number for it.
 */
import { upstreamOf } from '../deb/version.js';

/**
 * `1:1.43.9+dfsg-1~deb13u1` -> `1.43.9`: without epoch, revision and the mark
 * of a repacked tarball. A pre-release keeps its tilde.
 * @throws LockstepError DEB_VERSION
 */
export function upstreamVersionOf(version: string): string {
  return upstreamOf(version).replace(/[+~.](?:dfsg|ds|repack|debian)[A-Za-z0-9.]*$/, '');
}
