<?php
/**
 * How much of the wiki strangers may use at once: classes of requests, each
 * with a number of connections of its own from Varnish to Apache. Cached pages
 * and who is logged in are in no class. The rules go into machine.vcl.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** Special pages that take long and that crawlers ask for again and again, by MediaWiki's own names. */
const COSTLY_PAGES = [
	'Recentchanges', 'Recentchangeslinked', 'Whatlinkshere', 'Contributions', 'Log', 'Newpages', 'Allpages',
	'Prefixindex', 'Listfiles', 'Newimages', 'Linksearch', 'Export', 'Diff', 'ComparePages',
	'PermanentLink', 'MobileDiff', 'History', 'Allmessages', 'Listusers', 'Activeusers', 'Categories', 'MIMEsearch',
	'Ancientpages', 'Longpages', 'Shortpages', 'Lonelypages', 'Wantedpages', 'Mostlinked', 'PagesWithProp',
];
/** Parameters of index.php that make a diff, an old version or a list. */
const COSTLY_PARAMETERS = [ 'diff', 'oldid', 'curid', 'from', 'offset', 'limit', 'days', 'dir', 'feed', 'mobileaction' ];
/** Actions of index.php that are none of these: what an editor does, and a page's own text. */
const PLAIN_ACTIONS = [ 'view', 'edit', 'submit', 'raw' ];
/** Bytes that begin characters which MediaWiki drops, takes for a blank or joins with the letter before. */
const ODD_BYTES = '\xC2\xA0|\xCC|\xCD|\xE1\x9A\x80|\xE1\xA0\x8E|\xE2\x80|\xE2\x81|\xE3\x80\x80';

/**
 * The shares of the wiki's PHP processes: lists and old versions, and what else strangers ask for that no cache
 * answers. At least a third is left for pages and for who is logged in.
 *
 * @return array{0: int, 1: int}
 */
function sharesOfStrangers( int $processes ): array {
	return [ max( 1, (int)floor( $processes * 0.3 ) ), max( 1, (int)floor( $processes * 0.4 ) ) ];
}

/**
 * The special pages of MediaWiki in English and in the wiki's own language, as patterns.
 *
 * @return array{0: string[], 1: string[]} names of the namespace, and of the pages that are costly
 */
function specialNames( string $language ): array {
	$namespaces = [ 'Special' ];
	$pages = COSTLY_PAGES;
	foreach ( array_unique( [ 'en', $language ] ) as $code ) {
		$file = '/usr/share/mediawiki/languages/messages/Messages' . ucfirst( strtr( $code, '-', '_' ) ) . '.php';
		// Read and not run: it needs the rest of MediaWiki
		$text = (string)@file_get_contents( $file );
		preg_match_all( "/\\bNS_SPECIAL\s*=>\s*'([^']+)'|'([^']+)'\s*=>\s*NS_SPECIAL\b/", $text, $found );
		$namespaces = [ ...$namespaces, ...array_filter( [ ...$found[1], ...$found[2] ] ) ];
		foreach ( COSTLY_PAGES as $page ) {
			if ( preg_match( "/'$page'\s*=>\s*\[([^\]]*)\]/", $text, $list ) ) {
				preg_match_all( "/'([^']+)'/", $list[1], $quoted );
				$pages = [ ...$pages, ...$quoted[1] ];
			}
		}
	}
	$patterns = static fn ( array $names ): array => array_values( array_unique( array_map( namePattern( ... ), $names ) ) );
	return [ $patterns( $namespaces ), $patterns( $pages ) ];
}

/** A name as a pattern over bytes, in which Varnish's (?i) knows the letters of ASCII only. */
function namePattern( string $name ): string {
	$pattern = '';
	foreach ( mb_str_split( strtr( $name, ' ', '_' ) ) as $character ) {
		if ( strlen( $character ) === 1 ) {
			$pattern .= preg_quote( $character );
			continue;
		}
		$cases = array_unique( [ mb_strtolower( $character ), mb_strtoupper( $character ) ] );
		$bytes = array_map( static fn ( $case ) => '\x' . implode( '\x', str_split( bin2hex( $case ), 2 ) ), $cases );
		$pattern .= '(?:' . implode( '|', $bytes ) . ')';
	}
	return $pattern;
}

/** A way from Varnish to Apache that takes so many requests at a time, and waits so many seconds for an answer. */
function backendVcl( string $class, int $seconds, int $connections ): string {
	return <<<VCL
		backend mediawiki_full_$class {
		    .host = "127.0.0.1";
		    .port = "8080";
		    .connect_timeout = 5s;
		    .first_byte_timeout = {$seconds}s;
		    .between_bytes_timeout = 60s;
		    .max_connections = $connections;
		}
		VCL;
}

/**
 * VCL: two backends and `sub mediawiki_full_special`, which puts a request into its class. wiki.vcl names only the
 * subroutine: one of the two files may be of another version while packages are replaced.
 *
 * @param string $article what stands before the title in the address of a page
 * @param string $script what stands before /index.php
 */
function crawlersVcl( string $language, int $processes, string $article = '/wiki/', string $script = '' ): string {
	[ $lists, $others ] = sharesOfStrangers( $processes );
	[ $namespaces, $pages ] = array_map( static fn ( $names ) => implode( '|', $names ), specialNames( $language ) );
	$article = preg_quote( $article );
	$entry = static fn ( string $names ): string => '^' . preg_quote( $script ) . "/($names)\\.php";
	$title = '(^' . $article . '|' . $entry( 'index' ) . '/|[?&]_*title=)';
	$page = "^$article" . '[^?]*$|^' . preg_quote( $script ) . '/$|' . $entry( 'index' ) . '(/[^?]*|\?title=[^&]*)?$';
	$costly = [
		$title . "[:_]*($namespaces)_*:_*($pages)_*([/?&#]|$)",
		'^(?!' . preg_quote( $script ) . '/(api|rest)\.php).*[?&]_*((' . implode( '|', COSTLY_PARAMETERS ) . ')([=&\[]|$)' .
			'|action=(?!(' . implode( '|', PLAIN_ACTIONS ) . ')?(&|$)))',
		$entry( 'api' ) . '.*[?&]_*(action=(parse|compare|expandtemplates|feed)|rv(limit|diffto)|(list|generator)=(?!prefixsearch(&|$)))',
		$entry( 'rest' ) . '/.*/(history|compare|html|with_html|bare|transform|v3|revision)(/|\?|$)',
	];
	$static = '^' . preg_quote( $script ) . '/(resources|skins|extensions|images)/|' . $entry( 'load' ) . '(\?|$)|^/favicon\.ico$';
	$costly = implode( " ||\n        ", array_map( static fn ( $pattern ) => "req.http.X-Look ~ \"(?i)$pattern\"", $costly ) );
	$special = $title . "([:_]*($namespaces)_*:|[^:?&]*(" . ODD_BYTES . ')[^:?&]*:)';
	$backends = backendVcl( 'lists', 60, $lists ) . "\n" . backendVcl( 'others', 180, $others );
	return <<<VCL
		import blob;
		# Of $processes processes of PHP
		$backends
		sub mediawiki_full_special {
		    unset req.http.X-Look;
		    # As PHP reads it: decoded once, a blank in any of its spellings. What stands encoded for ? or & parts nothing
		    if (req.url !~ "(?i)%(?![0-9a-f][0-9a-f])|%[01][0-9a-f]|%7f") {
		        set req.http.X-Look = blob.transcode(decoding=URL, encoded=regsuball(req.url, "(?i)%(3f|26)", "%25\\1"));
		        set req.http.X-Look = regsuball(req.http.X-Look, "[ +]", "_");
		    }
		    if (req.http.X-Look ~ "$static") {
		        # The same for everybody: these know of no session
		        unset req.http.Cookie;
		    } elsif (!req.http.X-Look ||
		        $costly) {
		        set req.http.X-Costly = "lists";
		        set req.backend_hint = mediawiki_full_lists;
		    } elsif (req.method !~ "^(GET|HEAD)$" || req.http.Authorization || req.http.Cookie ~ "([sS]ession|Token)=" ||
		        req.http.X-Look !~ "$page" || req.url ~ "^[^?]*/(/|\\.)" ||
		        req.http.X-Look ~ "(?i)$special") {
		        set req.http.X-Costly = "others";
		        set req.backend_hint = mediawiki_full_others;
		    }
		    unset req.http.X-Look;
		}

		VCL;
}
