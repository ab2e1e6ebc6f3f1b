/** Upstream versions as projects write them, with what their order is known from. */
import fc from 'fast-check';

export interface KnownVersion {
  text: string;
  /** Compared number by number. */
  key: number[];
}

/** Words before a release, in the order of what they become: see `compareUpstreamVersions` for `wmf`. */
const stages = ['alpha', 'beta', 'rc', 'wmf'] as const;

/** As one project writes them: always with as many numbers, always with the same marks. */
export function versionsOfProject(style: {
  prefix: string;
  numbers: number;
  mark: string;
  dot: string;
}): fc.Arbitrary<KnownVersion> {
  return fc
    .tuple(
      fc.array(fc.nat({ max: 12 }), { minLength: style.numbers, maxLength: style.numbers }),
      fc.option(fc.tuple(fc.nat({ max: stages.length - 1 }), fc.nat({ max: 30 })), { nil: null }),
      fc.option(fc.nat({ max: 4_000_000 }), { nil: null, freq: 4 }),
    )
    .map(([numbers, stage, seconds]) => ({
      text:
        style.prefix +
        numbers.join('.') +
        (stage === null ? '' : `${style.mark}${stages[stage[0]]!}${style.dot}${stage[1]}`) +
        (seconds === null ? '' : trackedSuffix(seconds)),
      key: [
        ...numbers,
        stage === null ? stages.length : stage[0],
        stage === null ? 0 : stage[1],
        seconds === null ? -1 : seconds,
      ],
    }));
}

/** A commit of a branch, seconds after some moment: `+git20261123.101530.1a2b3c4d`. */
function trackedSuffix(seconds: number): string {
  const [day, time] = new Date(1_795_000_000_000 + seconds * 1000).toISOString().split(/[T.]/);
  // The same second is the same commit here
  const commit = (seconds * 2654435761).toString(16).padStart(8, '0').slice(-8);
  return `+git${day!.replaceAll('-', '')}.${time!.replaceAll(':', '')}.${commit}`;
}

export const styles = [
  { prefix: '', numbers: 3, mark: '-', dot: '.' },
  { prefix: 'v', numbers: 2, mark: '-', dot: '' },
  { prefix: '', numbers: 4, mark: '', dot: '' },
  { prefix: '', numbers: 1, mark: '.', dot: '' },
  { prefix: '', numbers: 3, mark: '-', dot: '-' },
] as const;

/** Two versions of one project. */
export const knownPair = fc
  .constantFrom(...styles)
  .chain((style) => fc.tuple(versionsOfProject(style), versionsOfProject(style)));

export function compareKeys(a: readonly number[], b: readonly number[]): -1 | 0 | 1 {
  for (const [index, one] of a.entries()) {
    if (one !== b[index]) return one < b[index]! ? -1 : 1;
  }
  return 0;
}
