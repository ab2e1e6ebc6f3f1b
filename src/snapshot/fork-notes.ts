/** What people did at the same time, in words: for `check`, `verify` and refusals. Pure. */

/** @param ids the newest snapshots of a profile */
export function forkWords(profile: string, ids: readonly string[]): string {
  return `The profile ${profile} has ${ids.length} newest snapshots, ${ids.join(' and ')}: people cut them at the same time.`;
}

/**
 * @param forks newest snapshots by profile, where there are several
 * @param histories suites whose history has several last lines
 */
export function forkNotes(
  forks: ReadonlyMap<string, readonly string[]>,
  histories: ReadonlySet<string>,
): string[] {
  return [
    ...[...forks].map(
      ([profile, ids]) =>
        `${forkWords(profile, ids)} This is not a fault, but each lacks what is new in the other. Merge them with: lockstep merge ${profile}`,
    ),
    ...[...histories]
      .sort()
      .map(
        (suite) =>
          `Two people moved the suite ${suite} at the same time. This is not a fault. Choose where it goes on with: lockstep merge ${suite}`,
      ),
  ];
}
