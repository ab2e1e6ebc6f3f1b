import assert from 'node:assert/strict';
import { errorResult } from '../../../src/cli/error-shape.js';
import { errorToJson, renderError } from '../../../src/cli/render/error.js';
import type { ComponentOptions } from '../../../src/resolution/component-options.js';
import { explainMissing } from '../../../src/resolution/missing-file.js';
import { optionsOf } from '../../../src/resolution/options.js';
import type { MissingFile } from '../../../src/source/missing-file-shape.js';
import { NotOnMirrorError } from '../../../src/source/not-on-mirror.js';
import type { BinaryListing, SourceListing } from '../../../src/source/candidate.js';
import { binaries, binary, source, sources } from './listings.js';

const now = new Date('2026-11-29T16:00:00Z');

function optionsIn(found: SourceListing[], version: string): ComponentOptions {
  const config = { kind: 'apt-source', package: 'mediawiki', version } as const;
  const options = optionsOf('mediawiki', config, sources('mediawiki', found), []);
  assert.ok(!Array.isArray(options));
  return options;
}

function explained(
  options: ComponentOptions,
  { option = 0, suite = 'bookworm-security', ...more }: Partial<MissingFile> & { option?: number } = {},
): NotOnMirrorError {
  const tried = [{ url: 'http://a.test/x.dsc', said: 'Not found (404)' }];
  const error = new NotOnMirrorError({ file: 'x.dsc', suite, tried, final: true, ...more });
  return explainMissing(error, { profile: 'wiki', component: 'mediawiki', options, option, now });
}

describe('a file of the chosen version that no mirror has', () => {
  const found = [source('1:1.43.9-1'), source('1:1.43.12-1', 'security'), source('1:1.44.0-1', 'updates')];

  it('names the lower version, what that lacks, and the line that takes it', () => {
    const error = explained(optionsIn(found, '~1.43.0'), { option: 1 });
    assert.equal(
      renderError(error),
      [
        'Error SOURCE_NOT_ON_MIRROR: No mirror has x.dsc of mediawiki 1:1.43.12-1, which bookworm-security lists',
        '  http://a.test/x.dsc: Not found (404)',
        'To do: Try again later, or add mirrors: LOCKSTEP_MIRROR_SECURITY, or mirror.security in lockstep.yaml, accepts several.',
        '       The next lower version in the range ~1.43.0 is 1:1.43.9-1 (bookworm). It lacks the security fixes of 1:1.43.12-1, which the security suite has. To use it until a mirror has the other version:',
        "         lockstep skip wiki mediawiki --not 1:1.43.12-1 --reason 'no mirror has x.dsc' --until 2026-12-13",
      ].join('\n'),
    );
  });

  it('is the same as data', () => {
    const { error } = errorResult.parse(errorToJson(explained(optionsIn(found, '~1.43.0'), { option: 1 })));
    assert.deepEqual(error.missing, {
      file: 'x.dsc',
      suite: 'bookworm-security',
      tried: [{ url: 'http://a.test/x.dsc', said: 'Not found (404)' }],
      final: true,
      profile: 'wiki',
      component: 'mediawiki',
      version: '1:1.43.12-1',
      lower: { version: '1:1.43.9-1', suite: 'bookworm', lacksFixesOf: ['1:1.43.12-1'] },
      command: [
        ...['lockstep', 'skip', 'wiki', 'mediawiki', '--not', '1:1.43.12-1'],
        ...['--reason', 'no mirror has x.dsc', '--until', '2026-12-13'],
      ],
    });
  });

  it('does not say that fixes are missing where the security suite has none of the versions above', () => {
    const plain = [source('1:1.43.9-1'), source('1:1.43.12-1')];
    const error = explained(optionsIn(plain, '~1.43.0'), { suite: 'bookworm' });
    assert.deepEqual(error.missing.lower?.lacksFixesOf, []);
    assert.match(error.hint ?? '', /not known whether it lacks security fixes of 1:1\.43\.12-1/);
    assert.match(error.hint ?? '', /LOCKSTEP_MIRROR, or mirror\.debian/);
  });

  it('counts the fixes of all versions above the lower one, and of none above the chosen one', () => {
    const several = [
      source('1:1.43.9-1'),
      source('1:1.43.11-1', 'security'),
      source('1:1.43.12-1', 'security'),
      source('1:1.43.13-1', 'security'),
    ];
    // 1.43.11 is out of the range: its fixes are lacking all the same
    const options = optionsIn(several, '1.43.9 || >=1.43.12 <1.44');
    assert.deepEqual(explained(options, { option: 1 }).missing.lower, {
      version: '1:1.43.9-1',
      suite: 'bookworm',
      lacksFixesOf: ['1:1.43.12-1', '1:1.43.11-1'],
    });
  });

  it('says so where nothing lower is in the range', () => {
    const error = explained(optionsIn(found, '>=1.43.12 <1.44'), { option: 1 });
    assert.equal(error.missing.lower, null);
    assert.equal(error.missing.command, undefined);
    assert.match(error.hint ?? '', /The base lists no lower version in the range >=1\.43\.12 <1\.44\.$/);
    errorResult.parse(errorToJson(error));
  });

  it('says first to try again where a mirror did not answer', () => {
    const error = explained(optionsIn(found, '~1.43.0'), { option: 1, final: false });
    assert.match(error.hint ?? '', /Not every mirror answered: first try again\./);
  });

  it('is told of binary packages in the same way', () => {
    const there: BinaryListing[] = [
      binary('varnish', '7.1.1-1'),
      binary('varnish', '7.1.1-1.1', { role: 'security', suite: 'bookworm-security' }),
    ];
    const config = { kind: 'apt-binary' as const, packages: ['varnish'], version: '*' };
    const options = optionsOf('varnish', config, binaries(['varnish'], there), []);
    assert.ok(!Array.isArray(options));
    const { missing } = explained(options);
    assert.equal(missing.version, '7.1.1-1.1');
    assert.deepEqual(missing.lower, {
      version: '7.1.1-1',
      suite: 'bookworm',
      lacksFixesOf: ['7.1.1-1.1'],
    });
  });
});
