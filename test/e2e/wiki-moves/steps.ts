/** Steps that build on one another: the first that fails ends the suite it stands in, and no other. */

/** Called in a `describe`. mocha's own bail would look at failures of other suites too. */
export function stopAtFirstFailure(): void {
  let broken = false;
  beforeEach(function () {
    if (broken) this.skip();
  });
  afterEach(function () {
    broken ||= this.currentTest?.state === 'failed';
  });
}
