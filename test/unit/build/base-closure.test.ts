import assert from 'node:assert/strict';
import { planClosure, type LoadedIndex } from '../../../src/build/base-closure.js';
import { baseDigest } from '../../../src/build/base-digest.js';
import { parseRelations } from '../../../src/deb/relation.js';
import { LockstepError } from '../../../src/errors.js';

interface Sample {
  name: string;
  version?: string;
  architecture?: string;
  fields?: Record<string, string>;
}

function index(suite: string, samples: readonly Sample[]): LoadedIndex {
  const stanzas = samples.map(({ name, version = '1', architecture = 'all', fields = {} }) =>
    [
      `Package: ${name}`,
      `Version: ${version}`,
      `Architecture: ${architecture}`,
      ...Object.entries(fields).map(([field, value]) => `${field}: ${value}`),
      `Filename: pool/${name}_${version}.deb`,
      'Size: 10',
      `SHA256: ${Buffer.from(`${name} ${version}`).toString('hex').padEnd(64, '0').slice(0, 64)}`,
      '',
    ].join('\n'),
  );
  return { suite, packages: Buffer.from(stanzas.join('\n')) };
}

const essentials: Sample[] = [
  { name: 'base', fields: { Essential: 'yes', 'Pre-Depends': 'awk', Depends: 'libc' } },
  { name: 'libc', architecture: 'amd64' },
  { name: 'gawk', fields: { Provides: 'awk', Priority: 'optional' } },
  { name: 'mawk', fields: { Provides: 'awk', Priority: 'required' } },
  { name: 'build-essential', fields: { Depends: 'gcc | tcc, make' } },
  { name: 'gcc', fields: { Depends: 'libc (>= 1)' } },
  { name: 'tcc' },
  { name: 'make' },
  { name: 'unrelated' },
];

function closure(extra: readonly Sample[], depends: string, more: readonly Sample[] = []): string[] {
  return planClosure(
    [index('stable', [...essentials, ...extra]), index('stable-security', more)],
    'amd64',
    parseRelations(depends),
  ).map(({ name, version }) => `${name} ${version}`);
}

const bare = ['base 1', 'build-essential 1', 'gcc 1', 'libc 1', 'make 1', 'mawk 1'];

describe('the closure of a build root', () => {
  it('is Essential and build-essential with what they need, sorted', () => {
    assert.deepEqual(closure([], ''), bare);
  });

  it('takes the highest version of all suites', () => {
    assert.deepEqual(
      closure([], '', [{ name: 'libc', version: '1.1', architecture: 'amd64' }]).filter((one) =>
        /libc/.test(one),
      ),
      ['libc 1.1'],
    );
  });

  it('says which suite a package is from, and what is Essential', () => {
    const found = planClosure(
      [index('stable', essentials), index('stable-security', [{ name: 'make', version: '2' }])],
      'amd64',
      [],
    );
    const make = found.find(({ name }) => name === 'make')!;
    assert.equal(make.suite, 'stable-security');
    assert.equal(make.filename, 'pool/make_2.deb');
    assert.match(make.stanza, /^Package: make\nVersion: 2\n/);
    assert.deepEqual(
      found.filter((one) => one.essential).map(({ name }) => name),
      ['base'],
    );
  });

  it('takes the first alternative that can be had', () => {
    assert.ok(closure([{ name: 'bb' }, { name: 'cc' }], 'aa | bb | cc').includes('bb 1'));
    assert.ok(closure([{ name: 'bb' }, { name: 'cc', version: '3' }], 'bb (>= 2) | cc').includes('cc 3'));
  });

  it('takes no alternative when one is there already', () => {
    assert.deepEqual(closure([{ name: 'first' }], 'first | make'), bare);
    assert.deepEqual(closure([], 'awk'), bare);
  });

  it('prefers the provider of the highest priority, then of the lowest name', () => {
    const providers: Sample[] = ['zeta', 'beta'].map((name) => ({ name, fields: { Provides: 'editor' } }));
    assert.ok(closure(providers, 'editor').includes('beta 1'));
    assert.ok(
      closure(
        [...providers, { name: 'vi', fields: { Provides: 'editor', Priority: 'important' } }],
        'editor',
      ).includes('vi 1'),
    );
  });

  it('satisfies a versioned relation only by a provision of that version', () => {
    const debhelper = { name: 'debhelper', fields: { Provides: 'compat (= 12), compat (= 13), plain' } };
    assert.ok(closure([debhelper], 'compat (= 13)').includes('debhelper 1'));
    assert.throws(() => closure([debhelper], 'compat (= 14)'), isRootFault);
    assert.throws(() => closure([debhelper], 'plain (>= 1)'), isRootFault);
  });

  it('leaves out what is for another architecture or build profile', () => {
    assert.deepEqual(closure([], 'none [arm64], nothing <cross>, other [!amd64]'), bare);
  });

  it('does not install packages of another architecture', () => {
    assert.throws(() => closure([{ name: 'arm', architecture: 'arm64' }], 'arm'), isRootFault);
    assert.throws(() => closure([], 'make:armhf'), isRootFault);
    assert.deepEqual(closure([], 'make:any, gcc:native'), bare);
  });

  it('ends where packages need each other', () => {
    const loop: Sample[] = [
      { name: 'hen', fields: { Depends: 'egg' } },
      { name: 'egg', fields: { Depends: 'hen' } },
    ];
    assert.deepEqual(closure(loop, 'egg'), [...bare, 'egg 1', 'hen 1'].sort());
  });

  it('names who needs what is not there', () => {
    assert.throws(
      () => closure([{ name: 'aa', fields: { Depends: 'gone (>= 2) | missing' } }, { name: 'gone' }], 'aa'),
      (error: unknown) =>
        isRootFault(error) &&
        /^aa needs gone \(>= 2\) \| missing, .*gone: 1; missing: none/.test((error as Error).message),
    );
  });
});

describe('the digest of the base', () => {
  const two = [
    { name: 'a', version: '1', sha256: 'a'.repeat(64) },
    { name: 'b', version: '1', sha256: 'b'.repeat(64) },
  ];

  it('depends on names, versions and bytes, not on the order', () => {
    assert.equal(baseDigest(two), baseDigest([...two].reverse()));
    const others = [
      two,
      two.slice(1),
      [{ ...two[0]!, version: '2' }, two[1]!],
      [{ ...two[0]!, sha256: 'c'.repeat(64) }, two[1]!],
    ];
    assert.equal(new Set(others.map(baseDigest)).size, others.length);
  });

  it('does not change when something else in the release does', () => {
    const digest = (more: Sample[]): string =>
      baseDigest(planClosure([index('stable', essentials), index('security', more)], 'amd64', []));
    assert.equal(digest([]), digest([{ name: 'unrelated', version: '9' }]));
    assert.notEqual(digest([]), digest([{ name: 'make', version: '9' }]));
  });
});

function isRootFault(error: unknown): boolean {
  return error instanceof LockstepError && error.code === 'BUILD_ROOT';
}
