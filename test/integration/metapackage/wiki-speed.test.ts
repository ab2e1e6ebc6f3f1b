/**
 * What makes the wiki quick, as far as it can be told without one: the sizes for a machine's memory, which files of
 * PHP may be loaded beforehand, and the links "[edit]" that are filled in instead of made.
 */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { run } from '../../../src/io/process.js';
import { needs } from '../../fixtures/machine.js';

const files = resolve(import.meta.dirname, '../../../templates/mediawiki-full-config/files');

/** What PHP makes of an expression, once it has read files of the template; names are those of the template's namespace. */
async function php<T>(expression: string, ...read: readonly string[]): Promise<T> {
  const code = [
    'namespace MediaWikiFull;',
    "const DATA_DIR = '/nowhere'; const SHARE_DIR = '/nowhere';",
    ...read.map((name) => `require ${JSON.stringify(join(files, name))};`),
    `echo json_encode(${expression});`,
  ].join('\n');
  return JSON.parse((await run('php', ['-r', code])).stdout) as T;
}

interface Sizes {
  phpProcesses: number;
  opcache: number;
  internedStrings: number;
  apcu: number;
  memcached: number;
  innodb: number;
  varnish: number;
}

describe('the sizes of a wiki', function () {
  before(async function () {
    await needs(this, { tools: ['php'] });
  });

  const sizes = async (memory: number, cores: number): Promise<Sizes> =>
    await php<Sizes>(`sizesFor(${memory}, ${cores})`, 'lib/sizes.php');

  /** MiB that all of them take when all of them are full. */
  const sum = ({ phpProcesses, opcache, apcu, memcached, innodb, varnish }: Sizes): number =>
    phpProcesses * 72 + opcache + apcu + memcached + innodb + varnish;

  it('fit into the machine, with room for the system', async () => {
    for (const memory of [1024, 1536, 2048, 4096, 8192, 65536]) {
      for (const cores of [1, 2, 16]) {
        const used = sum(await sizes(memory, cores));
        assert.ok(used <= memory - 384, `${used} of ${memory} MiB on ${cores} processors`);
      }
    }
  });

  it('are those of the documented table', async () => {
    assert.deepEqual(await sizes(1024, 1), {
      phpProcesses: 4,
      opcache: 96,
      internedStrings: 16,
      apcu: 25,
      memcached: 38,
      innodb: 128,
      varnish: 64,
    });
    assert.deepEqual(await sizes(8192, 4), {
      phpProcesses: 16,
      opcache: 256,
      internedStrings: 32,
      apcu: 128,
      memcached: 468,
      innodb: 1561,
      varnish: 780,
    });
  });

  it('never fall below what a wiki needs, and grow with memory', async () => {
    const least = await sizes(256, 1);
    assert.deepEqual(
      [least.phpProcesses, least.opcache, least.memcached, least.innodb, least.varnish],
      [2, 96, 32, 64, 48],
    );
    let before = least;
    for (const memory of [512, 1024, 2048, 4096, 16384, 262144]) {
      const after = await sizes(memory, 4);
      for (const [name, size] of Object.entries(before)) {
        assert.ok(after[name as keyof Sizes] >= size, `${name} of ${memory} MiB`);
      }
      before = after;
    }
    // More processes than that only wait for one another
    assert.equal(before.phpProcesses, 16);
  });
});

describe('classes that PHP loads beforehand', function () {
  before(async function () {
    await needs(this, { tools: ['php'] });
  });

  const declarations = async (code: string): Promise<[string[], string[]] | null> =>
    await php(`declarationsIn(${phpString(code)})`, 'lib/sizes.php', 'lib/preload.php');

  it('come from files that declare classes and do nothing else', async () => {
    const code = `<?php
/** A class */
declare( strict_types=1 );
namespace Some\\Room;
use Other\\{ One, Two };
use function strlen;
#[\\AllowDynamicProperties]
abstract class First extends One implements Two {
  public function text( $a ) { return "{$a}" . "\${a}" . ( static fn () => [ 1 ] )()[0]; }
}
final class Second {}
interface Third {}
trait Fourth {}
`;
    const names = ['First', 'Second', 'Third', 'Fourth'].map((name) => `Some\\Room\\${name}`);
    assert.deepEqual(await declarations(code), [names, []]);
  });

  it('may have second names', async () => {
    const code = `<?php\nnamespace A;\nclass B {}\nclass_alias( B::class, 'Old\\\\B' );\n`;
    assert.deepEqual(await declarations(code), [['A\\B'], ['Old\\B']]);
  });

  it('are not taken from files that define, run or give back something', async () => {
    for (const more of [
      "define( 'X', 1 );",
      'const Y = 2;',
      'function f() {}',
      'return [];',
      '$GLOBALS["a"] = 1;',
      'if ( !class_exists( "D" ) ) { class D {} }',
      'require_once "other.php";',
    ]) {
      assert.equal(await declarations(`<?php\nclass C {}\n${more}\n`), null, more);
      assert.equal(await declarations(`<?php\n${more}\nclass C {}\n`), null, more);
    }
  });
});

describe('the links of sections', function () {
  before(async function () {
    await needs(this, { tools: ['php'] });
  });

  /** A skin that notes how often it was asked, and a page of sections. */
  async function filled(
    link: string,
    headings: readonly string[],
  ): Promise<{ text: string; made: number; plain: string }> {
    const page = headings
      .map(
        (heading, at) =>
          `<h2>${heading}<mw:editsection page="P" section="${at + 1}">${heading}</mw:editsection></h2>`,
      )
      .join('\n');
    const code = `
class Title { public static function newFromText( $text ) { return new self; } }
class Skin {
  public $made = 0;
  public function getLanguage() { return 'en'; }
  public function doEditSectionLink( $page, $section, $title, $language ) { $this->made++; return ${link}; }
}
$skin = new Skin;
$text = ${phpString(page)};
$options = [ 'skin' => $skin, 'enableSectionEditLinks' => true ];
( require ${phpString(join(files, 'section-links.php'))} )( null, $text, $options );
$made = $skin->made;
$all = fn ( $text ) => preg_replace_callback( '#<mw:editsection page="(.*?)" section="(.*?)">(.*?)</mw:editsection>#s',
  fn ( $m ) => $skin->doEditSectionLink( null, $m[2], $m[3], 'en' ), $text );
echo json_encode( [ 'text' => $all( $text ), 'made' => $made, 'plain' => $all( ${phpString(page)} ) ] );`;
    return JSON.parse((await run('php', ['-r', code])).stdout) as {
      text: string;
      made: number;
      plain: string;
    };
  }

  const headings = ['One', 'Two', 'Drei und mehr', 'Four &amp; more', '<i>Five</i>', 'Six'];
  const regular = `'<a title="Edit ' . htmlspecialchars( $title ) . '" href="?section=' . $section . '">edit</a>'`;

  it('are what MediaWiki makes, and made for two of them only', async () => {
    const { text, made, plain } = await filled(regular, headings);
    assert.equal(text, plain);
    assert.equal(made, 2);
  });

  it('are made one by one where they depend on more', async () => {
    const { text, plain } = await filled(`'<a>' . strlen( $title ) . $section . '</a>'`, headings);
    assert.equal(text, plain);
  });
});

/** As PHP writes a text down. */
function phpString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
