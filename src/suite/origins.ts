/**
 * Who vouches for the components of a snapshot, and which suites may take it
 * for that. Pure: the manifest's facts in, an error or nothing out.
 */
import { LockstepError } from '../errors.js';
import type { Pin } from '../source/pin.js';
import { vouchedFor } from '../source/pin-kinds.js';
import { stateOf, type Evidence } from '../snapshot/evidence.js';
import type { SnapshotManifest } from '../snapshot/manifest.js';
import type { MovingSuite, SnapshotFacts } from './move-rules.js';

/** The gate of `lockstep import --keyring`: a trusted key signed everything that the set holds. */
const signature = 'signature';

/** Components by why they may be refused. */
type Origins = { local: string[]; unsigned: string[] };

/** The facts of a manifest by which {@link assertOrigins} decides. */
export function originsOf({
  components,
}: Pick<SnapshotManifest, 'components'>): Origins & Pick<SnapshotFacts, 'imported'> {
  const pins = Object.entries(components).map(([name, { pin }]) => [name, pin] as const);
  return { ...originsOfPins(pins), imported: pins.length === 0 };
}

/** The components that a trust level may refuse: before anything is built, and of a snapshot later. */
export function originsOfPins(pins: Iterable<readonly [string, Pin]>): Origins {
  const all = [...pins];
  const those = (by: ReturnType<typeof vouchedFor>): string[] =>
    all.filter(([, pin]) => vouchedFor(pin) === by).map(([name]) => name);
  return { local: those('nobody'), unsigned: those('unsigned') };
}

/** What is known of a snapshot's origins. Nothing is cut yet where only its components are known. */
export type OriginFacts = Pick<SnapshotFacts, 'local' | 'unsigned'> &
  Partial<Pick<SnapshotFacts, 'id' | 'imported'>> & { evidence?: readonly Evidence[] };

/**
 * Refuses what a suite's trust level does not allow: somebody's own tree above the lowest level; from the level on that
 * the workspace says, git without a signature, and imported packages that no trusted key signed.
 *
 * @param workspace with the time at which evidence must hold
 * @throws LockstepError MOVE_TRUST, all components at once
 */
export function assertOrigins(
  facts: OriginFacts,
  suite: Pick<MovingSuite, 'name' | 'trust'>,
  workspace: { trustLevels: readonly string[]; signedSources?: string | undefined },
  now: Date,
): void {
  const { trustLevels, signedSources } = workspace;
  const level = trustLevels.indexOf(suite.trust);
  const faults: string[] = [];
  const hints: string[] = [];
  if (facts.local.length > 0 && level > 0) {
    faults.push(`${list(facts.local)} built from a local tree, which is unverified`);
    hints.push(
      `Only suites of trust level ${trustLevels[0]!} accept local trees. Push the source, pin it and cut again.`,
    );
  }
  const demanded = signedSources !== undefined && level >= trustLevels.indexOf(signedSources);
  const imported = facts.imported === true && stateOf(facts.evidence ?? [], signature, now) !== 'passed';
  if (demanded && imported) {
    faults.push('its packages were imported without a verified signature');
    hints.push(
      `lockstep.yaml requires signed sources from trust level ${signedSources} on. Import all its packages with --keyring, from signed uploads.`,
    );
  }
  if (demanded && facts.unsigned.length > 0) {
    faults.push(`${list(facts.unsigned)} taken from git without a required signature`);
    hints.push(
      `lockstep.yaml requires signed sources from trust level ${signedSources} on. Set a keyring with "signedBy" in ${facts.unsigned.map((name) => `components.${name}.source`).join(', ')}, and cut again.`,
    );
  }
  if (faults.length === 0) return;
  throw new LockstepError('MOVE_TRUST', {
    message: `The suite ${suite.name} (trust level ${suite.trust}) does not accept ${facts.id === undefined ? 'this set' : `the snapshot ${facts.id}`}: ${faults.join('; ')}`,
    hint: hints.join(' '),
    where: [
      ...(demanded && imported ? [{ path: 'evidence', value: signature }] : []),
      ...facts.local.map((name) => ({ path: `components.${name}`, value: 'local' })),
      ...facts.unsigned.map((name) => ({ path: `components.${name}.source`, value: 'git' })),
    ],
  });
}

function list(names: readonly string[]): string {
  return `${names.join(', ')} ${names.length === 1 ? 'was' : 'were'}`;
}
