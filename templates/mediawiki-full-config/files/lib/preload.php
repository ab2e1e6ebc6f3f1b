<?php
/**
 * Which of MediaWiki's classes are loaded when the wiki's PHP starts, see /usr/share/mediawiki-full/preload.php. The
 * list is made by trying requests out, anew for each set: what one version needs is not what another does. Where it
 * cannot be made, or PHP does not start with it, classes are loaded when they are needed, as everywhere.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** Root's, so that nobody else decides what runs in every process of the wiki. */
const PRELOAD_LIST = DATA_DIR . '/preload-list.php';
const PRELOAD_SCRIPT = SHARE_DIR . '/preload.php';
const PRELOAD_INI = RUN_DIR . '/php.d/preload.ini';
/** Requests whose classes are wanted: a page, its editor, the API, what gives pages their scripts. */
const REHEARSALS = [
	[ 'index.php', 'title=Main_Page' ],
	[ 'index.php', 'title=Main_Page&action=edit' ],
	[ 'api.php', 'action=query&format=json&prop=info%7Crevisions&rvprop=content&titles=Main_Page&meta=tokens' ],
	[ 'api.php', 'action=parse&format=json&page=Main_Page' ],
	[ 'load.php', 'modules=startup&only=scripts&raw=1' ],
];
/** What saves a page: nobody edits for the sake of a list. */
const SAVING_FOLDERS = [ 'Storage', 'deferred', 'Revision', 'jobqueue', 'watchlist', 'changes', 'logging', 'EditPage', 'editpage' ];
/** Only files that are replaced together with this package, which restarts PHP then. Skins may be the site's own. */
const PRELOADABLE = '#^/usr/share/mediawiki(?:-[a-z0-9-]+|/includes|/languages|/vendor|/extensions-core)/#';

/**
 * What a PHP file does when it is read.
 *
 * @return array{0: string[], 1: string[]}|null the classes that it declares and the other names that it gives them;
 *   null where it does anything else, for that has to happen in each request
 */
function declarationsIn( string $code ): ?array {
	$tokens = array_values( array_filter( \PhpToken::tokenize( $code ), static fn ( $token ) => !$token->isIgnorable() ) );
	$classes = [];
	$aliases = [];
	$namespace = '';
	for ( $at = 0, $count = count( $tokens ); $at < $count; $at++ ) {
		$token = $tokens[$at];
		if ( $token->is( [ ';', T_FINAL, T_ABSTRACT, T_READONLY, T_CLOSE_TAG ] ) ) {
			continue;
		}
		if ( $token->is( [ T_NAMESPACE, T_USE, T_DECLARE ] ) ) {
			if ( $token->id === T_NAMESPACE ) {
				$namespace = $tokens[$at + 1]->text . '\\';
			}
			for ( ; $at < $count && $tokens[$at]->text !== ';'; $at++ ) {
				if ( $tokens[$at]->text === '{' && $token->id !== T_USE ) {
					return null;
				}
			}
			continue;
		}
		if ( $token->id === T_ATTRIBUTE ) {
			$at = endOf( $tokens, $at, [ '#[', '[' ], ']' );
			continue;
		}
		if ( $token->is( [ T_CLASS, T_INTERFACE, T_TRAIT, T_ENUM ] ) ) {
			$classes[] = $namespace . $tokens[$at + 1]->text;
			$at = endOf( $tokens, $at, [ '{', '${' ], '}' );
			continue;
		}
		if ( $token->text === 'class_alias' ) {
			$end = endOf( $tokens, $at, [ '(' ], ')' );
			for ( ; $at < $end; $at++ ) {
				if ( $tokens[$at]->id === T_CONSTANT_ENCAPSED_STRING ) {
					$aliases[] = stripslashes( substr( $tokens[$at]->text, 1, -1 ) );
				}
			}
			continue;
		}
		return null;
	}
	return [ $classes, $aliases ];
}

/**
 * @param \PhpToken[] $tokens
 * @param string[] $opening
 * @return int where the first bracket that is opened is closed again
 */
function endOf( array $tokens, int $at, array $opening, string $closing ): int {
	$depth = 0;
	for ( $count = count( $tokens ); $at < $count; $at++ ) {
		if ( in_array( $tokens[$at]->text, $opening, true ) ) {
			$depth++;
		} elseif ( $tokens[$at]->text === $closing && --$depth === 0 ) {
			break;
		}
	}
	return $at;
}

/** @return string[] files that requests read, in the order in which they do */
function filesOfRequests(): array {
	$files = [];
	foreach ( REHEARSALS as [ $entry, $query ] ) {
		$names = tempnam( '/run', 'mediawiki-full-files-' );
		// The shell only leads the descriptor to the file; nothing of its line comes from anywhere else
		run( [ 'sh', '-c', 'exec 3>"$1"; shift; exec "$@"', 'sh', $names, 'runuser', '-u', WEB_USER, '--',
			PHP_BINARY, '-d', 'apc.enable_cli=1', SHARE_DIR . '/rehearsal.php', $entry, $query ], '', null, 60 );
		$files = [ ...$files, ...preg_split( '/\n/', (string)file_get_contents( $names ), -1, PREG_SPLIT_NO_EMPTY ) ];
		unlink( $names );
	}
	foreach ( $files === [] ? [] : SAVING_FOLDERS as $folder ) {
		$files = [ ...$files, ...( glob( "/usr/share/mediawiki/includes/$folder/{,*/}*.php", GLOB_BRACE ) ?: [] ) ];
	}
	return array_values( array_unique( $files ) );
}

/** Makes the list for the packages that are installed now; says nothing where it cannot, for nothing depends on it. */
function listClasses(): void {
	$list = [];
	$skins = run( [ 'dpkg-query', '--listfiles', 'mediawiki' ] )->output;
	foreach ( filesOfRequests() as $path ) {
		$ours = preg_match( PRELOADABLE, $path ) ||
			( str_starts_with( $path, '/usr/share/mediawiki/skins/' ) && str_contains( $skins, "\n$path\n" ) );
		$declared = $ours && !str_contains( $path, '/../' ) && is_file( $path )
			? declarationsIn( (string)file_get_contents( $path ) ) : null;
		if ( $declared !== null && $declared[0] !== [] ) {
			$list[] = [ $path, filesize( $path ), filemtime( $path ), $declared[0], $declared[1] !== [] ];
		}
	}
	if ( $list === [] ) {
		@unlink( PRELOAD_LIST );
		return;
	}
	writeList( $list );
	// Each round shows the classes that extend those which the last one took away
	for ( $round = 0; $round < 8; $round++ ) {
		$unfit = unfitFiles();
		if ( $unfit === [] ) {
			return;
		}
		// Files with a second name have to be run, which may want what is not on the list
		$before = count( $list );
		$list = array_filter( $list, static fn ( $file ) => $unfit === null ? !$file[4] : !in_array( $file[0], $unfit, true ) );
		writeList( $list );
		if ( count( $list ) === $before ) {
			return;
		}
	}
}

/** @param array<int, array{0: string, 1: int, 2: int, 3: string[], 4: bool}> $list */
function writeList( array $list ): void {
	writeFile( PRELOAD_LIST, "<?php\n// Written by mediawiki-full, see " . PRELOAD_SCRIPT . "\nreturn " .
		var_export( array_values( $list ), true ) . ";\n", 0644 );
}

/** @return string[] what is given to PHP on its command line */
function preloadOptions(): array {
	return [ '-d', 'opcache.preload=' . PRELOAD_SCRIPT, '-d', 'opcache.preload_user=' . WEB_USER ];
}

/**
 * Has a PHP of its own start with what is on the list.
 *
 * @return string[]|null files with classes that it cannot take without others; null where it does not come up at all, as
 *   the wiki's PHP would not either
 */
function unfitFiles(): ?array {
	$tried = run( [ PHP_BINARY, '-d', 'opcache.enable_cli=1', '-d', 'display_errors=stderr', '-d', 'html_errors=0',
		...preloadOptions(), '-r', 'echo "up";' ], '', null, 60 );
	if ( !$tried->ok() || !str_contains( $tried->output, 'up' ) ) {
		return null;
	}
	preg_match_all( "/Can't preload .* in (\S+\.php) on line/", $tried->errors . $tried->output, $found );
	return $found[1];
}

/** Has the wiki's PHP load its classes when it starts, where that goes well. */
function preparePreloading(): void {
	if ( is_file( PRELOAD_LIST ) && unfitFiles() !== null ) {
		ensureDirectory( dirname( PRELOAD_INI ), 0755 );
		writeFile( PRELOAD_INI, 'opcache.preload = ' . PRELOAD_SCRIPT . "\nopcache.preload_user = " . WEB_USER . "\n", 0644 );
	} else {
		@unlink( PRELOAD_INI );
	}
}
