import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonical, debianInputHash, treeInputHash } from '../../../src/build/inputs.js';
import { file, samplePackage } from '../../fixtures/sample-packages.js';

const sha = (letter: string): string => letter.repeat(64);

describe('the hash of what a build depends on', () => {
  const inputs = {
    files: [
      { name: 'a.dsc', size: 1, sha256: sha('a') },
      { name: 'b.tar.xz', size: 2, sha256: sha('b') },
    ],
    version: '1-1+lockstep1',
    architecture: 'amd64',
    baseDigest: sha('c'),
  };

  it('does not depend on the order of files', () => {
    assert.equal(debianInputHash(inputs), debianInputHash({ ...inputs, files: [...inputs.files].reverse() }));
  });

  it('changes with every part', () => {
    const variants = [
      inputs,
      { ...inputs, version: '1-1+lockstep2' },
      { ...inputs, architecture: 'arm64' },
      { ...inputs, baseDigest: sha('d') },
      { ...inputs, files: inputs.files.slice(1) },
      { ...inputs, files: [{ ...inputs.files[0]!, sha256: sha('e') }, inputs.files[1]!] },
    ];
    assert.equal(new Set(variants.map(debianInputHash)).size, variants.length);
  });

  it('changes with every part of a tree', () => {
    const tree = samplePackage();
    const from = {
      archive: { name: 'a.tar.gz', size: 1, sha256: sha('a') },
      path: 'vendor',
      to: '/usr/share/x',
      exclude: ['tests'],
    };
    const hashes = [
      treeInputHash(tree),
      treeInputHash({ ...tree, version: '2' }),
      treeInputHash({ ...tree, date: tree.date + 1 }),
      treeInputHash({ ...tree, control: { ...tree.control, Section: 'web' } }),
      treeInputHash({ ...tree, scripts: { postinst: '#!/bin/sh\n' } }),
      treeInputHash({ ...tree, triggers: 'activate x\n' }),
      treeInputHash({ ...tree, conffiles: ['/etc/sample.conf'] }),
      treeInputHash({ ...tree, entries: tree.entries.slice(1) }),
      treeInputHash({ ...tree, entries: [file('/usr/share/sample/a', 'other'), ...tree.entries.slice(1)] }),
      treeInputHash(tree, [from]),
      treeInputHash(tree, [{ ...from, exclude: [] }]),
      treeInputHash(tree, [{ ...from, to: '/usr/share/y' }]),
    ];
    assert.equal(new Set(hashes).size, hashes.length);
  });

  it('takes bytes for the hash of them', () => {
    const tree = samplePackage();
    const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    const named = file('/x', 'abc');
    assert.equal(
      treeInputHash({ ...tree, entries: [named] }),
      treeInputHash({ ...tree, entries: [{ ...named, content: { sha256: hash } }] }),
    );
  });

  it('writes JSON that only the value decides', () => {
    assert.equal(
      canonical({ b: [1, null, 'x'], a: { d: true, c: undefined } }),
      '{"a":{"d":true},"b":[1,null,"x"]}',
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        assert.equal(canonical(value), canonical(turned));
        assert.deepEqual(JSON.parse(canonical(value)), { ...value });
      }),
    );
  });
});
