import assert from 'node:assert/strict';
import { parseCveIds } from '../../../src/snapshot/cve.js';

describe('CVE ids of a command line', () => {
  it('may stand together, in any case, and come out sorted, each once', () => {
    assert.deepEqual(parseCveIds(['CVE-2026-5678, cve-2026-1234', 'CVE-2026-1234']), [
      'CVE-2026-1234',
      'CVE-2026-5678',
    ]);
    assert.deepEqual(parseCveIds([]), []);
  });

  it('are refused with every one that is none', () => {
    assert.throws(() => parseCveIds(['CVE-2026-1234,CVE-26-1', 'T4066']), {
      code: 'USAGE',
      message: '"CVE-26-1", "T4066": not a CVE id',
    });
    assert.throws(() => parseCveIds([',']), { code: 'USAGE' });
  });
});
