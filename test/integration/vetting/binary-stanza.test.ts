import assert from 'node:assert/strict';
import { AptJudges } from '../../fixtures/apt-judges.js';
import { unfitForRoots } from '../../fixtures/debian-root.js';
import { judgeGenerated } from '../../fixtures/judged-paragraphs.js';

/** More in a soak: `LOCKSTEP_PARAGRAPHS=20000 LOCKSTEP_SEED=7`. */
const count = Number(process.env['LOCKSTEP_PARAGRAPHS'] ?? 200);
const seed = Number(process.env['LOCKSTEP_SEED'] ?? 20261130);

describe('our judge of control paragraphs, beside apt 2.6 and 3.0 and their dpkg', function () {
  this.timeout('2h');
  const judges: AptJudges[] = [];

  before(async function () {
    const unfit = await unfitForRoots();
    if (unfit !== undefined) {
      assert.notEqual(process.env['CI'], 'true', unfit);
      this.skip();
    }
    for (const codename of ['bookworm', 'trixie'] as const) judges.push(await AptJudges.make(codename));
  });
  after(async () => {
    for (const judge of judges) await judge.remove();
  });

  it('says the same of generated paragraphs, or has a documented reason', async () => {
    for (let done = 0; done < count; done += 1000) {
      const request = { seed: seed + done, count: Math.min(1000, count - done) };
      const { taken, refused, disagreements } = await judgeGenerated(request, judges);
      assert.deepEqual(disagreements, [], `seed ${request.seed}`);
      // Both verdicts must have been tried, or this proves nothing
      assert.ok(Math.min(taken, refused) * 5 > request.count, `${taken} taken, ${refused} refused`);
    }
  });
});
