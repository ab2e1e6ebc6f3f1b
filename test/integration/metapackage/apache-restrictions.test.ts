/**
 * What of Apache's configuration and of LocalSettings.php keeps an adopted wiki's pages out of the cache: whatever may
 * have one visitor get another page than the next.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../../../src/io/process.js';
import { scratch } from '../../fixtures/lockstep.js';
import { needs } from '../../fixtures/machine.js';

const files = resolve(import.meta.dirname, '../../../templates/mediawiki-full-config/files');

async function php<T>(expression: string): Promise<T> {
  const code = [
    'namespace MediaWikiFull;',
    ...['lib/machine.php', 'lib/existing.php', 'lib/apache.php'].map(
      (name) => `require ${JSON.stringify(join(files, name))};`,
    ),
    `echo json_encode(${expression});`,
  ].join('\n');
  return JSON.parse((await run('php', ['-r', code])).stdout) as T;
}

/** Lines that count as a restriction, of a wiki at /wiki/ and /w/ in /var/lib/mediawiki, found under two names. */
async function restrictions(text: string, file = '/etc/apache2/sites-enabled/wiki.conf'): Promise<string[]> {
  const served =
    "new ServedWiki(['/wiki/', '/w/'], ['/var/lib/mediawiki', '/srv/link'], ['wiki.example:80', 'wiki.example:443'])";
  const quoted = `base64_decode('${Buffer.from(text).toString('base64')}')`;
  const found = await php<string[]>(`restrictionsIn('${file}', ${quoted}, ${served})`);
  return found.map((line) => line.replace(/^[^:]+:\d+: /, ''));
}

const site = (inside: string, name = 'wiki.example', port = '80'): string =>
  `<VirtualHost *:${port}>\nServerName ${name}\nRewriteEngine On\n${inside}\n</VirtualHost>\n`;

describe("what in Apache's configuration keeps pages out of the cache", function () {
  before(async function () {
    await needs(this, { tools: ['php'] });
  });

  it('is nothing of an ordinary site', async () => {
    const ordinary = site(`
      # Require ip 10.0.0.0/8
      ServerAlias www.wiki.example
      DocumentRoot /var/www/html
      ErrorLog \${APACHE_LOG_DIR}/error.log
      AllowEncodedSlashes NoDecode
      RewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-f
      RewriteCond %{REQUEST_FILENAME} !-d
      RewriteRule ^/wiki(/.*)?$ /w/index.php [PT,L]
      RewriteRule ^/old/(.+)$ /w/index.php?title=$1 [PT,L,QSA]
      RewriteRule ^/view/(.+)$ /wiki/$1 [R=301,L]
      Redirect permanent /blog/ https://blog.example/
      Alias /w /var/lib/mediawiki
      Header always set X-Frame-Options SAMEORIGIN
      php_value memory_limit 256M
      <Directory /var/lib/mediawiki>
        Options +FollowSymLinks
        AllowOverride All
        Require all granted
      </Directory>
      <Directory /var/www/html/private>
        AuthType Basic
        Require valid-user
      </Directory>
      <Location /server-status>
        Require local
      </Location>`);
    assert.deepEqual(await restrictions(ordinary), []);
  });

  const cases: Readonly<Record<string, string>> = {
    'Require ip 10.0.0.0/8': site('<Directory /var/lib/mediawiki>\nRequire ip 10.0.0.0/8\n</Directory>'),
    'Require host example': site('<Location />\nRequire host example\n</Location>'),
    'RewriteRule ^/wiki/Tulips - [F]': site('RewriteRule ^/wiki/Tulips - [F]'),
    'RewriteRule ^ - [forbidden]': site('RewriteCond %{HTTP_USER_AGENT} badbot\nRewriteRule ^ - [forbidden]'),
    'RewriteRule ^/wiki/Talk: /robots.txt [L]': site(
      'RewriteCond %{REMOTE_ADDR} !^127\\.\nRewriteRule ^/wiki/Talk: /robots.txt [L]',
    ),
    'RewriteRule ^/wiki(/.*)?$ /w/index.php [L]': site(
      'RewriteCond %{REMOTE_ADDR} ^10\\.\nRewriteRule ^/wiki(/.*)?$ /w/index.php [L]',
    ),
    'RewriteRule "^/wiki/" "-" "[L, F]"': site('RewriteRule "^/wiki/" "-" "[L, F]"'),
    'RewriteRule .* - [G]': site('RewriteRule .* - [G]'),
    'Require ip 10.1.0.0/16': site(
      'Define WIKIDIR /var/lib/mediawiki\n<Directory ${WIKIDIR}>\nRequire ip 10.1.0.0/16\n</Directory>',
    ),
    'Require ip 10.2.0.0/16': site(
      '<DirectoryMatch "^/var/lib/mediawiki/">\nRequire ip 10.2.0.0/16\n</DirectoryMatch>',
    ),
    'Require ip 10.3.0.0/16': site('<Directory /srv/link>\nRequire ip 10.3.0.0/16\n</Directory>'),
    'Require ip 10.4.0.0/16':
      '<Macro Private $folder>\n<Directory $folder>\nRequire ip 10.4.0.0/16\n</Directory>\n</Macro>\n',
    'Use Private /var/lib/mediawiki': site('Use Private /var/lib/mediawiki'),
    'Require ip 10.5.0.0/16': site('<Files rest.php>\nRequire ip 10.5.0.0/16\n</Files>'),
    'php_admin_value auto_prepend_file /srv/auth.php': site(
      'php_admin_value auto_prepend_file /srv/auth.php',
    ),
    'Redirect 403 /wiki/Tulips': site('Redirect 403 /wiki/Tulips'),
    'RedirectMatch 404 ^/wiki/(Talk|User):': site('RedirectMatch 404 ^/wiki/(Talk|User):'),
    'RedirectMatch 404 "/Talk:"': site('RedirectMatch 404 "/Talk:"'),
    'Redirect / https://wiki.example/': site('Redirect / https://wiki.example/'),
    'SetHandler none': site('<If "%{REMOTE_ADDR} != \'127.0.0.1\'">\nSetHandler none\n</If>'),
    'AccessFileName .acl': site('AccessFileName .acl'),
    'Require user rosa': site('<LocationMatch "^/wiki/Special:">\nRequire user rosa\n</LocationMatch>'),
    'Require group us': site('<Location /wiki/Tulips>\nRequire group us\n</Location>'),
    'Deny from env=bad': site('<Limit GET>\nDeny from env=bad\n</Limit>'),
    'AuthType Basic': '<Directory />\nAuthType Basic\n</Directory>\n',
    'SecRuleEngine On': site('SecRuleEngine On'),
    'RewriteOptions Inherit': 'RewriteOptions Inherit\n',
  };
  for (const [line, text] of Object.entries(cases)) {
    it(`is ${line}`, async () => {
      assert.deepEqual(await restrictions(text), [line]);
    });
  }

  it('is a site whose rewriting is off, through which nothing is handed on', async () => {
    const found = await restrictions('<VirtualHost *:80>\nServerName wiki.example\n</VirtualHost>\n');
    assert.match(found.join(), /no `RewriteEngine On`/);
  });

  it('is nothing of other sites, nor of the same name on another port', async () => {
    const secret = '<Location />\nRequire ip 10.0.0.0/8\n</Location>\nRedirect / https://elsewhere.example/';
    assert.deepEqual(await restrictions(site(secret, 'other.example')), []);
    assert.deepEqual(await restrictions(site(secret, 'wiki.example', '8081')), []);
  });

  it('is what an .htaccess of its folder says, in whatever place', async () => {
    const file = '/var/lib/mediawiki/.htaccess';
    assert.deepEqual(
      await restrictions('RewriteEngine On\nRewriteRule ^wiki/(.*)$ index.php [L,QSA]\n', file),
      [],
    );
    assert.deepEqual(await restrictions('AuthType Basic\nRequire valid-user\n', file), [
      'AuthType Basic',
      'Require valid-user',
    ]);
    assert.deepEqual(await restrictions('RewriteRule ^wiki/Talk - [F]\n', file), [
      'RewriteRule ^wiki/Talk - [F]',
    ]);
  });
});

describe('what in LocalSettings.php keeps pages out of the cache', function () {
  before(async function () {
    await needs(this, { tools: ['php'] });
  });

  async function looks(text: string, more?: string): Promise<string[]> {
    const folder = await scratch('looks');
    await writeFile(join(folder, 'LocalSettings.php'), text);
    if (more !== undefined) await writeFile(join(folder, 'more.php'), more);
    const found = await php<string[]>(
      `looksAtVisitors(${JSON.stringify(join(folder, 'LocalSettings.php'))})`,
    );
    return found.map((line) => line.replace(/^.*\//, ''));
  }

  it('is nothing of settings that are the same for everybody', async () => {
    const text =
      '<?php\n# $_SERVER is not looked at\n$wgSitename = "Ours"; // getenv\nwfLoadExtension( "Cite" );\nrequire_once "$IP/extensions/Old/Old.php";\n';
    assert.deepEqual(await looks(text), []);
  });

  it('is whatever looks at who asks, in files that it includes too', async () => {
    assert.deepEqual(await looks("<?php\n$own = $_SERVER['REMOTE_ADDR'] === '127.0.0.1';\n"), [
      "LocalSettings.php:2: $own = $_SERVER['REMOTE_ADDR'] === '127.0.0.1';",
    ]);
    assert.deepEqual(
      await looks("<?php\nrequire __DIR__ . '/more.php';\n", '<?php\nif ( getenv( "PRIVATE" ) ) {}\n'),
      ['more.php:2: if ( getenv( "PRIVATE" ) ) {}'],
    );
    assert.match((await looks('<?php\nrequire $wherever;\n')).join(), /cannot be told/);
  });
});
