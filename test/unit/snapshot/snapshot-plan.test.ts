import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { canonicalJson } from '../../../src/io/canonical-json.js';
import { contradictions, parseManifest, type SnapshotComponent } from '../../../src/snapshot/manifest.js';
import { planSnapshot, type SnapshotRequest } from '../../../src/snapshot/snapshot-plan.js';
import { sampleContent, sampleSnapshot } from '../../fixtures/sample-snapshot.js';

const tool = { name: 'lockstep', version: '0.1.0' };
const now = new Date('2026-11-23T10:15:30Z');
const request = (over: Partial<SnapshotRequest> = {}): SnapshotRequest => ({
  content: sampleContent([{ name: 'tiny', version: '1.0' }]),
  last: null,
  taken: [],
  now,
  tool,
  ...over,
});

describe('planning a snapshot', () => {
  it('cuts the first one of a chain', () => {
    const plan = planSnapshot(request());
    assert.equal(plan.kind, 'cut');
    assert.equal(plan.id, '20261123T101530Z');
    assert.ok(plan.kind === 'cut');
    assert.equal(plan.manifest.parent, null);
    assert.equal(plan.text.toString('utf8'), canonicalJson(plan.manifest));
    assert.deepEqual(parseManifest(plan.text, 'x.json'), plan.manifest);
  });

  it('cuts nothing when nothing changed', () => {
    const last = sampleSnapshot([{ name: 'tiny', version: '1.0' }], '2026-11-01T00:00:00Z');
    const plan = planSnapshot(request({ last }));
    const { inputs } = last.manifest;
    assert.deepEqual(plan, { kind: 'unchanged', id: '20261101T000000Z', inputs, security: [] });
  });

  it('cuts nothing for a flag alone, and says what the last one has', () => {
    const flagged = (security: string[]): SnapshotRequest['content'] => ({
      ...sampleContent([{ name: 'tiny', version: '1.0' }]),
      security,
    });
    const first = planSnapshot(request({ content: flagged(['CVE-2026-5678', 'CVE-2026-1234']) }));
    assert.ok(first.kind === 'cut');
    assert.deepEqual(first.manifest.security, ['CVE-2026-1234', 'CVE-2026-5678']);
    const last = { manifest: first.manifest, sha256: first.sha256 };
    const plan = planSnapshot(request({ content: flagged(['CVE-2026-9999']), last }));
    assert.ok(plan.kind === 'unchanged');
    assert.deepEqual(plan.security, ['CVE-2026-1234', 'CVE-2026-5678']);
  });

  it('names the snapshot before it by id and hash', () => {
    const last = sampleSnapshot([{ name: 'tiny', version: '0.9' }], '2026-11-01T00:00:00Z');
    const plan = planSnapshot(request({ last }));
    assert.ok(plan.kind === 'cut');
    assert.deepEqual(plan.manifest.parent, { id: '20261101T000000Z', sha256: last.sha256 });
  });

  it('refuses a set that contradicts itself, with every fault', () => {
    const content = sampleContent([
      { name: 'tiny', version: '1.0' },
      { name: 'tiny', version: '1.0' },
    ]);
    content.packages.push({ ...content.packages[0]!, package: 'other' });
    assert.throws(
      () => planSnapshot(request({ content })),
      (error: unknown) =>
        error instanceof LockstepError && error.code === 'SNAPSHOT_INVALID' && error.where.length === 2,
    );
  });

  it('takes several versions of a package into an imported set, and into no set that is made here', () => {
    const content = sampleContent([
      { name: 'tiny', version: '1.0' },
      { name: 'tiny', version: '2.0' },
    ]);
    assert.deepEqual(contradictions({ ...content, components: {} }), []);
    const turned = { ...content, packages: content.packages.toReversed() };
    const [one, other] = [content, turned].map((wish) => planSnapshot(request({ content: wish })));
    assert.ok(one?.kind === 'cut' && other?.kind === 'cut');
    assert.deepEqual(other.sha256, one.sha256);
    const made = { ...content, components: { tiny: {} as SnapshotComponent } };
    assert.deepEqual(
      contradictions(made).map(({ message }) => message),
      ['tiny:all occurs twice: 1.0 and 2.0'],
    );
  });
});

describe('reading a manifest', () => {
  const good = sampleSnapshot([{ name: 'tiny', version: '1.0' }], '2026-11-01T00:00:00Z').manifest;
  const first = good.packages[0]!;

  it('says so when a newer Lockstep wrote it', () => {
    assert.throws(() => parseManifest(canonicalJson({ ...good, format: 3, packages: 'new' }), 'x.json'), {
      code: 'SNAPSHOT_NEWER_FORMAT',
    });
  });

  const hostile: Record<string, object> = {
    'a path out of the pool': { path: 'pool/../../etc/passwd' },
    'a path elsewhere': { path: 'dists/x' },
    'a hidden file': { path: 'pool/main/t/tiny/.x.deb' },
    'a second paragraph': { stanza: `${first.stanza}\nPackage: evil\nVersion: 1\nArchitecture: all\n` },
    'a second paragraph after blanks': { stanza: `${first.stanza} \t\nPackage: evil\n` },
    "another package's paragraph": { stanza: first.stanza.replace('tiny', 'evil') },
    'no hash': { sha256: 'x' },
    'a negative size': { size: -1 },
  };
  for (const [what, change] of Object.entries(hostile)) {
    it(`refuses ${what}`, () => {
      const manifest = { ...good, packages: [{ ...first, ...change }] };
      assert.throws(() => parseManifest(canonicalJson(manifest), 'x.json'), { code: 'SNAPSHOT_INVALID' });
    });
  }

  it('refuses what is not JSON', () => {
    assert.throws(() => parseManifest('{', 'x.json'), { code: 'SNAPSHOT_INVALID' });
  });
});
