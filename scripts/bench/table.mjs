/** The table at a benchmark's end. A row whose cells could not be measured is there all the same, as MISSED. */
const head = { what: 'what', ours: 'Lockstep', peer: 'beside', ratio: 'ratio', reach: 'reach' };
const unknown = 'not measured';

export class Table {
  #rows = [];

  /** Peak memory in MB. `limit` is undefined for a size that has no bound. */
  memory(what, megabytes, limit) {
    this.#rows.push({
      what,
      ours: megabytes === undefined ? unknown : `${megabytes.toFixed(0)} MB`,
      peer: '',
      ratio: '',
      reach: limit === undefined ? 'no bound' : `${limit} MB`,
      ok: limit === undefined || megabytes <= limit,
    });
  }

  /** Seconds, ours to be so many times fewer. */
  faster(what, ours, peer, theirs, times) {
    this.#compare(what, [ours, peer, theirs], theirs / ours, `${times} x`, (ratio) => ratio >= times);
  }

  /** Seconds, ours to be at most so many times as many as ours elsewhere. */
  growth(what, ours, where, before, times) {
    this.#compare(what, [ours, where, before], ours / before, `within ${times} x`, (ratio) => ratio <= times);
  }

  #compare(what, [ours, peer, theirs], ratio, reach, isGood) {
    const known = Number.isFinite(ratio);
    this.#rows.push({
      what,
      ours: shown(ours),
      peer: `${peer} ${shown(theirs)}`,
      ratio: known ? ratio.toFixed(2) : '',
      reach,
      ok: known && isGood(ratio),
    });
  }

  /** Prints it; the process ends with 1 where a row is not as it should be. */
  print() {
    const keys = Object.keys(head);
    const widths = keys.map((name) => Math.max(...[head, ...this.#rows].map((row) => row[name].length)));
    const line = (row, end) => [...keys.map((name, at) => row[name].padEnd(widths[at])), end].join('  ');
    console.log(`\n${line(head, '')}`);
    for (const row of this.#rows) console.log(line(row, row.ok ? 'ok' : 'MISSED'));
    process.exitCode = this.#rows.every(({ ok }) => ok) ? 0 : 1;
  }
}

function shown(seconds) {
  if (seconds === undefined) return unknown;
  return seconds < 0.1 ? `${(seconds * 1e6).toFixed(0)} us` : `${seconds.toFixed(2)} s`;
}
