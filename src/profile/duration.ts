/**
 * Lengths of time as people write them in lockstep.yaml. It owns the notation
 * and nothing else; it never reads a clock.
 */

const secondsIn = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/**
 * Reads `90s`, `30m`, `12h`, `14d` or `2w`.
 *
 * @returns seconds, or undefined if the text is not a duration
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,8})([smhdw])$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * secondsIn[match[2] as keyof typeof secondsIn];
}
