<?php
/**
 * A wiki that somebody has on this machine: what its LocalSettings.php says, as
 * MediaWiki itself understands it, and where its programs, pages and uploads
 * are. Changes nothing.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** Debian's folder of MediaWiki, which links to the code. */
const PACKAGED_FOLDER = '/var/lib/mediawiki';
const PACKAGED_CODE = '/usr/share/mediawiki';
/** What is asked for pages, scripts and data. */
const ENTRY_POINTS = [ 'index', 'api', 'load', 'rest', 'thumb', 'opensearch_desc' ];
const ASKED_SETTINGS = [
	'Sitename', 'Server', 'ScriptPath', 'ArticlePath', 'LanguageCode', 'DBtype', 'DBserver', 'DBname', 'DBuser',
	'DBpassword', 'DBprefix', 'DBport', 'SQLiteDataDir', 'UploadDirectory', 'UploadPath', 'JobRunRate', 'SharedDB', 'DBservers',
];

/** A wiki as it is. */
final class ExistingWiki {
	/**
	 * @param string $folder that visitors' requests lead to; it has index.php
	 * @param string $settings its LocalSettings.php, where symbolic links lead
	 * @param string $version of MediaWiki: 1.39.17
	 * @param array<string, mixed> $values settings by name, without "wg"
	 * @param string[] $extras folders of extensions and skins that the set does not bring
	 */
	public function __construct(
		public readonly string $folder,
		public readonly string $settings,
		public readonly string $version,
		public readonly array $values,
		public readonly array $extras
	) {
	}

	public function isPackaged(): bool {
		return $this->folder === PACKAGED_FOLDER;
	}

	public function database(): WikiDatabase {
		return databaseOfSettings( $this->values );
	}

	/** @return string[] what its addresses begin with: /wiki/, /w/ */
	public function prefixes(): array {
		$article = (string)strstr( (string)$this->values['ArticlePath'], '$1', true );
		return array_values( array_unique( [ "{$this->values['ScriptPath']}/", ...( $article === '' ? [] : [ (string)preg_replace( '/\?.*/', '', $article ) ] ) ] ) );
	}
}

/**
 * Where a LocalSettings.php, or a file that it includes, looks at who asks: then one visitor's page is not another's.
 *
 * @param string[] $seen files that were looked through already
 * @return string[] "file:line: ..."
 */
function looksAtVisitors( string $file, array &$seen = [] ): array {
	$seen[] = $file;
	$found = [];
	// Without comments, each line at its place
	$code = '';
	foreach ( \PhpToken::tokenize( (string)file_get_contents( $file ) ) as $token ) {
		$code .= $token->is( [ T_COMMENT, T_DOC_COMMENT ] ) ? (string)preg_replace( '/[^\n]/', '', $token->text ) : $token->text;
	}
	foreach ( explode( "\n", $code ) as $number => $line ) {
		$at = "$file:" . ( $number + 1 ) . ': ' . trim( $line );
		if ( preg_match( '/\$_(?:SERVER|GET|POST|COOKIE|REQUEST|ENV|SESSION)\b|\bgetenv\b|\bapache_|\bfilter_input|\bheader\b|\bWebRequest\b/i', $line ) ) {
			$found[] = $at;
		}
		if ( preg_match( '/\b(?:include|require)(?:_once)?\b\s*\(?\s*(.+?)\s*\)?\s*;/i', $line, $match ) ) {
			$found = [ ...$found, ...includedLooks( $match[1], $file, $at, $seen ) ];
		}
	}
	return $found;
}

/**
 * @param string $what an expression of PHP
 * @param string[] $seen
 * @return string[]
 */
function includedLooks( string $what, string $file, string $at, array &$seen ): array {
	if ( preg_match( '#^[\'"](?:\$IP|\{\$IP\})?/?(?:extensions|skins|includes)/#', $what ) || str_contains( $what, '/usr/share/mediawiki-full/' ) ) {
		// A program and not settings
		return [];
	}
	$path = preg_match( '#^(?:__DIR__|dirname\(\s*__FILE__\s*\))\s*\.\s*[\'"]([^\'"$]+)[\'"]$#', $what, $match ) ? dirname( $file ) . $match[1]
		: ( preg_match( '#^[\'"](/[^\'"$]+)[\'"]$#', $what, $match ) ? $match[1] : null );
	if ( $path === null || !is_file( $path ) ) {
		return [ "$at (which file that is cannot be told)" ];
	}
	return in_array( $path, $seen, true ) ? [] : looksAtVisitors( $path, $seen );
}

/**
 * What a LocalSettings.php comes to. It is the site's own program, so it runs as the web server's user does.
 *
 * @param string $code folder with MediaWiki's code
 * @param string|null $settings file, where it is not the one that the code finds by itself
 * @return array<string, mixed> ASKED_SETTINGS by name
 */
function readSettings( string $code, ?string $settings = null ): array {
	$names = '^wg(?:' . implode( '|', ASKED_SETTINGS ) . ')$';
	$php = '/usr/bin/php' . theSet()['phpVersion'];
	$arguments = [ $php, '-d', 'display_errors=stderr', "$code/maintenance/getConfiguration.php", "--regex=$names", '--format=json' ];
	$result = run( [ 'env', ...( $settings === null ? [] : [ "MW_CONFIG_FILE=$settings" ] ), ...$arguments ], '', WEB_USER, 120 );
	$text = trim( $result->output );
	$shown = $settings ?? "$code/LocalSettings.php";
	$values = json_decode( $text, true );
	if ( !is_array( $values ) ) {
		// What comes with the values holds the database's password, which nobody is shown
		$before = explode( '{"wg', $text, 2 )[0];
		if ( trim( $before ) !== '' && trim( $before ) !== $text ) {
			throw new Fault( "$shown prints text, which would come before every page, picture and answer: \"" .
				trim( substr( $before, 0, 80 ) ) . '". Take that out of it first' );
		}
		throw new Fault( "MediaWiki cannot read $shown: " . firstLines( $result->errors . "\n" . $before ) );
	}
	$read = [];
	foreach ( ASKED_SETTINGS as $name ) {
		$read[$name] = $values["wg$name"] ?? null;
	}
	return $read;
}

function firstLines( string $text ): string {
	$lines = array_filter( array_map( 'trim', explode( "\n", $text ) ), static fn ( $line ) => $line !== '' && $line[0] !== '#' );
	return implode( ' / ', array_slice( array_values( $lines ), 0, 3 ) );
}

/** The version of the MediaWiki in a folder, or null where there is none. */
function mediawikiVersion( string $code ): ?string {
	// 1.35 and later; before, in the settings' defaults
	foreach ( [ 'Defines.php' => "/'MW_VERSION',\s*'([0-9][^']*)'/", 'DefaultSettings.php' => "/wgVersion\s*=\s*'([0-9][^']*)'/" ] as $file => $pattern ) {
		if ( preg_match( $pattern, (string)@file_get_contents( "$code/includes/$file" ), $match ) ) {
			return $match[1];
		}
	}
	return null;
}

/** The lowest version of MediaWiki whose database the set's update.php takes, as its list of changes begins; or null. */
function lowestVersion(): ?string {
	$text = (string)@file_get_contents( PACKAGED_CODE . '/includes/installer/MysqlUpdater.php' );
	$list = strstr( $text, 'function getCoreUpdateList' );
	preg_match_all( '#^\s*// (1\.\d+)(?: but|$)#m', $list === false ? '' : $list, $found );
	usort( $found[1], 'version_compare' );
	// A change of an earlier version is there for those who came with that version and no earlier one
	return $found[1][0] ?? null;
}

/** The wiki of Debian's package, or the one in a folder. */
function findExisting( ?string $folder ): ExistingWiki {
	$folder = $folder === null ? PACKAGED_FOLDER : rtrim( (string)( realpath( $folder ) ?: $folder ), '/' );
	$packaged = in_array( $folder, [ PACKAGED_FOLDER, PACKAGED_CODE ], true );
	$folder = $packaged ? PACKAGED_FOLDER : $folder;
	$settings = $packaged ? LOCAL_SETTINGS : "$folder/LocalSettings.php";
	$code = $packaged ? PACKAGED_CODE : $folder;
	if ( !is_file( $settings ) ) {
		throw new Fault( "$settings does not exist, so there is no wiki to adopt" );
	}
	$checked = run( [ PHP_BINARY, '-l', $settings ], '', null, 30 );
	if ( !$checked->ok() ) {
		throw new Fault( "$settings is not valid PHP: " . firstLines( $checked->output . $checked->errors ) );
	}
	$version = mediawikiVersion( $code );
	if ( $version === null ) {
		throw new Fault( "$code has no MediaWiki: there is no includes/Defines.php with its version" );
	}
	$values = readSettings( $code );
	return new ExistingWiki( $folder, (string)realpath( $settings ), $version, $values, $packaged ? [] : extrasOf( $folder ) );
}

/** @return string[] folders of extensions and skins that are in a tree and not in the set's: extensions/OldGreeting */
function extrasOf( string $folder ): array {
	$extras = [];
	foreach ( [ 'extensions', 'skins' ] as $kind ) {
		foreach ( glob( "$folder/$kind/*", GLOB_ONLYDIR ) ?: [] as $path ) {
			$name = basename( $path );
			if ( !file_exists( PACKAGED_CODE . "/$kind/$name" ) ) {
				$extras[] = "$kind/$name";
			}
		}
	}
	return $extras;
}

/** Why the set cannot take a database of this version of MediaWiki, or null. */
function faultOfVersion( string $version, string $set ): ?string {
	$lowest = lowestVersion();
	if ( version_compare( $version, $set, '>' ) && !str_starts_with( $version, seriesOf( $set ) . '.' ) ) {
		return "it is of MediaWiki $version, and the set has $set: no wiki goes back to an earlier version. " .
			'It takes a set with ' . seriesOf( $version ) . ' or later';
	}
	if ( $lowest !== null && version_compare( seriesOf( $version ), $lowest, '<' ) ) {
		return "it is of MediaWiki $version, and update.php of the set's $set takes $lowest and later: bring it to $lowest first";
	}
	return null;
}

/** 1.39 of 1.39.17 */
function seriesOf( string $version ): string {
	return implode( '.', array_slice( explode( '.', $version ), 0, 2 ) );
}
