/** Options that are narrowed to the pins of an earlier resolution, so that the same set is resolved again. Pure. */
import { LockstepError } from '../errors.js';
import type { Choice } from '../source/candidate.js';
import type { Pin } from '../source/pin.js';
import type { ComponentOptions } from './component-options.js';

/**
 * Leaves of each component the option that its pin is.
 *
 * @param pins by component
 * @throws LockstepError RESOLVE_UNSATISFIABLE with each component whose version no source still offers
 */
export function exactOptions(
  options: ReadonlyMap<string, ComponentOptions>,
  pins: ReadonlyMap<string, Pin>,
): Map<string, ComponentOptions> {
  const gone: string[] = [];
  const narrowed = new Map<string, ComponentOptions>();
  for (const [component, found] of options) {
    const pin = pins.get(component);
    if (pin === undefined) {
      narrowed.set(component, found);
      continue;
    }
    const { variable } = found;
    const isIt = variable.options.map((_, index) => isChoiceOf(found.choiceOf(index), pin));
    if (!isIt.includes(true)) gone.push(`${component} ${pin.upstreamVersion}`);
    const only = variable.options.map((option, index) => ({ ...option, inRange: isIt[index]! }));
    narrowed.set(component, { ...found, variable: { ...variable, options: only } });
  }
  if (gone.length === 0) return narrowed;
  throw new LockstepError('RESOLVE_UNSATISFIABLE', {
    message: `No source still offers ${gone.join(', ')}`,
    hint: 'A mirror that keeps old versions helps (LOCKSTEP_MIRROR, or "mirrors" in lockstep.yaml); otherwise take the present versions: lockstep cut',
    where: gone.map((path) => ({ path })),
  });
}

function isChoiceOf(choice: Choice, pin: Pin): boolean {
  switch (choice.kind) {
    case 'apt-source':
      return pin.kind === 'apt-source' && choice.listing.version === pin.version;
    case 'apt-binary':
      return (
        pin.kind === 'apt-binary' &&
        pin.packages.every(({ file }) => choice.listings.some((one) => one.file.sha256 === file.sha256))
      );
    case 'git':
      return pin.kind === 'git' && choice.listing.commit === pin.commit;
    case 'tarball':
      return pin.kind === 'tarball' && choice.listing.url === pin.url;
    case 'within':
    case 'local':
      return pin.kind === choice.kind;
  }
}
