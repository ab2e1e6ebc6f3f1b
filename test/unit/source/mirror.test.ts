import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import {
  noAptConfiguration,
  parseAptSettings,
  parseMirrorList,
  parseSourcesList,
  parseSourcesStanzas,
  type AptConfiguration,
  type AptFile,
} from '../../../src/source/apt-configuration.js';
import { chooseMirror, suitesOfBase, type Mirror } from '../../../src/source/mirror.js';

const base = { distribution: 'debian', codename: 'bookworm', architectures: ['amd64'] };
const list = (text: string): AptFile => ({ path: '/etc/apt/sources.list', text });
const stanzas = (text: string): AptFile => ({ path: '/etc/apt/sources.list.d/debian.sources', text });

function apt(...files: AptFile[]): AptConfiguration {
  const entries = files.flatMap((file) =>
    file.path.endsWith('.sources') ? parseSourcesStanzas(file) : parseSourcesList(file),
  );
  return { ...noAptConfiguration, entries, files: files.map(({ path }) => path) };
}

function chosen(
  configuration: AptConfiguration,
  more: Partial<Parameters<typeof chooseMirror>[0]> = {},
): Mirror {
  return chooseMirror({ base, environment: {}, apt: configuration, ...more });
}

function uris(mirror: Mirror): string[] {
  return suitesOfBase(mirror, base).map(({ suite, uris: [uri] }) => `${uri} ${suite}`);
}

const docker = stanzas(`Types: deb
# http://frozen.test/archive/debian/20250520T000000Z
URIs: http://deb.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.test/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`);

const all = [
  'http://deb.test/debian bookworm',
  'http://deb.test/debian bookworm-updates',
  'http://deb.test/debian-security bookworm-security',
];

describe('finding the mirror', () => {
  it('reads the deb822 form', () => {
    const mirror = chosen(apt(docker));
    assert.deepEqual(uris(mirror), all);
    assert.equal(mirror.release.from, '/etc/apt/sources.list.d/debian.sources:3');
    assert.deepEqual(
      suitesOfBase(mirror, base).map(({ role }) => role),
      ['release', 'updates', 'security'],
    );
  });

  it('reads the one-line form, with options and comments', () => {
    const text = `# deb http://old.test/debian bookworm main
deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://deb.test/debian/ bookworm main contrib # the archive
deb-src http://deb.test/debian bookworm main
deb http://deb.test/debian bookworm-updates main
deb http://deb.test/debian-security bookworm-security main
deb cdrom:[Debian GNU/Linux 12]/ bookworm main
`;
    assert.deepEqual(uris(chosen(apt(list(text)))), all);
  });

  it('maps roles, whatever release the machine is of', () => {
    for (const machine of ['trixie', 'stable', 'bullseye', 'sid']) {
      const text = `deb http://deb.test/debian ${machine} main
deb http://deb.test/debian-security ${machine}-security main`;
      assert.deepEqual(uris(chosen(apt(list(text)))), all);
    }
    const old = `deb http://deb.test/debian buster main\ndeb http://deb.test/debian-security buster/updates main`;
    assert.deepEqual(uris(chosen(apt(list(old)))), all);
  });

  it('prefers what the machine has for the base itself', () => {
    const text = `deb http://deb.test/debian trixie main
deb http://near.test/debian bookworm main`;
    assert.equal(uris(chosen(apt(list(text))))[0], 'http://near.test/debian bookworm');
  });

  it('looks for a security archive beside the main one, and says that it guesses', () => {
    const mirror = chosen(apt(list('deb http://deb.test/debian bookworm main')));
    assert.deepEqual(uris(mirror), all);
    assert.equal(mirror.security.derived, true);
    const frozen = chosen(apt(list('deb http://deb.test/archive/debian/20250520T000000Z bookworm main')));
    assert.equal(frozen.security.uris[0], 'http://deb.test/archive/debian-security/20250520T000000Z');
  });

  it('is not taken in by packages of others', () => {
    const others = [
      'deb [signed-by=/usr/share/keyrings/node.gpg] https://node.test/node_20.x bookworm main',
      'deb https://docker.test/linux/debian bookworm stable',
      'deb https://pg.test/pub/repos/apt bookworm-pgdg main',
      'deb http://archive.test/ubuntu jammy main universe',
      'deb https://packages.test/foo ./',
    ].join('\n');
    const disabled = stanzas(docker.text.replaceAll('Types:', 'Enabled: no\nTypes:'));
    assert.throws(
      () => chosen(apt(list(others), disabled)),
      (error: unknown) => {
        assert.ok(error instanceof LockstepError);
        assert.equal(error.code, 'MIRROR_UNKNOWN');
        assert.match(error.message, /sources\.list/);
        assert.match(error.hint ?? '', /LOCKSTEP_MIRROR/);
        return true;
      },
    );
    assert.deepEqual(uris(chosen(apt(list(others), docker))), all);
    const corporate = 'deb https://artifacts.test/repo/deb12-remote bookworm main';
    assert.equal(
      uris(chosen(apt(list(`${others}\n${corporate}`))))[0],
      'https://artifacts.test/repo/deb12-remote bookworm',
    );
  });

  it('follows LOCKSTEP_MIRROR, then lockstep.yaml, then apt', () => {
    const configured = { debian: 'http://workspace.test/debian', security: 'http://sec.test/x/' };
    assert.deepEqual(uris(chosen(apt(docker), { configured })), [
      'http://workspace.test/debian bookworm',
      'http://workspace.test/debian bookworm-updates',
      'http://sec.test/x bookworm-security',
    ]);
    assert.equal(
      chosen(apt(docker), { configured: { debian: configured.debian } }).security.uris[0],
      'http://workspace.test/debian-security',
    );
    const environment = { LOCKSTEP_MIRROR: 'file:///srv/debian/' };
    assert.deepEqual(uris(chosen(apt(docker), { configured, environment })), [
      'file:///srv/debian bookworm',
      'file:///srv/debian bookworm-updates',
      'file:///srv/debian-security bookworm-security',
    ]);
    const both = { ...environment, LOCKSTEP_MIRROR_SECURITY: 'https://s.test/security' };
    assert.equal(
      chosen(apt(docker), { configured, environment: both }).security.uris[0],
      'https://s.test/security',
    );
    const securityOnly = chosen(apt(docker), {
      environment: { LOCKSTEP_MIRROR_SECURITY: 'https://s.test/s' },
    });
    assert.deepEqual(
      [securityOnly.release.uris[0], securityOnly.security.uris[0]],
      ['http://deb.test/debian', 'https://s.test/s'],
    );
  });

  it('refuses an address that is none, and says where it stands', () => {
    for (const value of ['deb.test/debian', 'ftp://deb.test/debian', '/srv/debian']) {
      assert.throws(
        () => chosen(noAptConfiguration, { environment: { LOCKSTEP_MIRROR: value } }),
        (error: unknown) =>
          (error as LockstepError).code === 'MIRROR_UNKNOWN' && /LOCKSTEP_MIRROR/.test(String(error)),
      );
    }
  });

  it('takes several, in their order, and each once', () => {
    const environment = {
      LOCKSTEP_MIRROR: ' http://a.test/debian/\n\tfile:///srv/debian  http://a.test/debian ',
      LOCKSTEP_MIRROR_SECURITY: 'http://s.test/x http://t.test/y',
    };
    const mirror = chosen(noAptConfiguration, { environment });
    assert.deepEqual(mirror.release.uris, ['http://a.test/debian', 'file:///srv/debian']);
    assert.deepEqual(mirror.updates.uris, mirror.release.uris);
    assert.deepEqual(mirror.security.uris, ['http://s.test/x', 'http://t.test/y']);
    const { LOCKSTEP_MIRROR } = environment;
    assert.deepEqual(chosen(noAptConfiguration, { environment: { LOCKSTEP_MIRROR } }).security.uris, [
      'http://a.test/debian-security',
      'file:///srv/debian-security',
    ]);
    const configured = { debian: ['http://a.test/debian', 'http://b.test/debian'] };
    const written = chosen(apt(docker), { configured });
    assert.deepEqual(written.release.uris, configured.debian);
    assert.deepEqual(written.security.uris, [
      'http://a.test/debian-security',
      'http://b.test/debian-security',
    ]);
    const listed = apt(
      list('deb http://a.test/debian bookworm main\ndeb http://b.test/debian bookworm main'),
    );
    assert.deepEqual(chosen(listed).release.uris, configured.debian);
  });

  it('says which of several is no address', () => {
    const environment = { LOCKSTEP_MIRROR: 'http://a.test/debian b.test/debian' };
    assert.throws(
      () => chosen(noAptConfiguration, { environment }),
      (error: unknown) => {
        assert.ok(error instanceof LockstepError);
        assert.equal(error.code, 'MIRROR_UNKNOWN');
        assert.equal(
          error.message,
          'LOCKSTEP_MIRROR: number 2 of 2 is not a mirror address: "b.test/debian"',
        );
        assert.deepEqual(error.where, [{ path: 'LOCKSTEP_MIRROR', value: 'b.test/debian' }]);
        return true;
      },
    );
  });

  it("keeps what apt is told of dates, for apt's own mirrors only", () => {
    const frozen: AptConfiguration = { ...apt(docker), datesIgnoredBy: '/etc/apt/apt.conf.d/99frozen:1' };
    // Who says it, and not who has the mirror
    assert.equal(chosen(frozen).release.datesIgnoredBy, '/etc/apt/apt.conf.d/99frozen:1');
    assert.equal(
      chosen(frozen, { environment: { LOCKSTEP_MIRROR: 'http://a.test/debian' } }).release.datesIgnoredBy,
      null,
    );
    const option = apt(list('deb [check-valid-until=no] http://deb.test/debian bookworm main'));
    assert.equal(chosen(option).release.datesIgnoredBy, chosen(option).release.from);
    assert.notEqual(chosen(option).security.datesIgnoredBy, null);
    const field = stanzas(docker.text.replaceAll('Components:', 'Check-Valid-Until: yes\nComponents:'));
    assert.equal(chosen({ ...apt(field), datesIgnoredBy: 'conf:1' }).release.datesIgnoredBy, null);
  });
});

describe("apt's configuration", () => {
  const settings = (text: string) => parseAptSettings([{ path: 'a', text }]);

  it('has settings in two forms, and the last one counts', () => {
    assert.equal(settings('').datesIgnoredBy, null);
    assert.equal(settings('Acquire::Check-Valid-Until "false";').datesIgnoredBy, 'a:1');
    assert.equal(settings('// ours\nAcquire {\n  Check-Valid-Until "0"; };').datesIgnoredBy, 'a:3');
    assert.equal(settings('// Acquire::Check-Valid-Until "false";').datesIgnoredBy, null);
    const files = ['Acquire::Check-Valid-Until "true";\n', '\nAcquire::Check-Valid-Until "no";\n'];
    assert.equal(
      parseAptSettings(files.map((text, index) => ({ path: `f${index}`, text }))).datesIgnoredBy,
      'f1:2',
    );
    const twice = 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Valid-Until "true";';
    assert.equal(settings(twice).datesIgnoredBy, null);
  });

  it('has lists of mirrors, the best first', () => {
    const text = `# ours
http://second.test/debian priority:2
http://first.test/debian\tpriority:1\ttype:index

http://last.test/debian`;
    assert.deepEqual(parseMirrorList(text), [
      'http://first.test/debian',
      'http://second.test/debian',
      'http://last.test/debian',
    ]);
  });

  it('gives nothing where it cannot be read', () => {
    assert.deepEqual(parseSourcesStanzas(stanzas('this is no deb822')), []);
    assert.deepEqual(parseSourcesList(list('nonsense\ndeb only-uri')), []);
  });
});
