import assert from 'node:assert/strict';
import { DataBudget, debBudget, MemberBudget } from '../../../src/deb/deb-budget.js';
import { memberName } from '../../../src/deb/member-name.js';
import { budgetOf } from '../../../src/vetting/package-limits.js';
import { packageLimits } from '../../../src/profile/workspace-schema.js';

describe('the budget of a package', () => {
  const over = (message: RegExp) => ({ code: 'DEB_TOO_LARGE', message });

  it('counts members and their names', () => {
    const count = new MemberBudget({ members: 2, nameBytes: 10 }, 'x.deb');
    count.count(memberName('a'));
    count.count(memberName('b'));
    assert.throws(() => count.count(memberName('c')), over(/^x.deb is past .* more than 2 members/));
    const names = new MemberBudget({ members: 9, nameBytes: 10 }, undefined);
    names.count(memberName('usr/share'));
    assert.throws(() => names.count(memberName('bb')), over(/^The package is past .* more than 10 bytes/));
  });

  it('counts bytes, and how often a package is as large as it is packed', () => {
    const limits = { ...debBudget, dataBytes: 1000, ratio: 10, freeBytes: 100 };
    const free = new DataBudget(limits, 'x.deb');
    free.packed(1);
    free.unpacked(100);
    assert.throws(() => free.unpacked(1), over(/unpacks to more than 10 times its size/));
    const large = new DataBudget(limits, 'x.deb');
    large.packed(500);
    large.unpacked(1000);
    assert.throws(() => large.unpacked(1), over(/unpacks to more than 1000 bytes/));
  });

  it('is that of lockstep.yaml where it says one', () => {
    assert.deepEqual(budgetOf({ packages: { limits: packageLimits.parse({}) } }), debBudget);
    const limits = packageLimits.parse({ members: 5000, names: '1M', control: '2M', data: '3G', ratio: 50 });
    const { members, nameBytes, controlBytes, dataBytes, ratio } = budgetOf({ packages: { limits } });
    assert.deepEqual(
      [members, nameBytes, controlBytes, dataBytes, ratio],
      [5000, 1024 ** 2, 2 * 1024 ** 2, 3 * 1024 ** 3, 50],
    );
    for (const wrong of [{ members: 10 }, { names: '1G' }, { ratio: 1 }, { control: '2G' }, { other: 1 }])
      assert.equal(packageLimits.safeParse(wrong).success, false);
  });
});
