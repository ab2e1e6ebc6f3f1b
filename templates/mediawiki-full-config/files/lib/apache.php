<?php
/**
 * The machine's own Apache: what it serves that is nobody's default, which names
 * it answers to, and whether its configuration is sound. Changes nothing.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const APACHE_DIR = '/etc/apache2';
/** Of these, what Apache has in use says nothing of the administrator. */
const PLAIN_PACKAGES = [ 'apache2', 'mediawiki', 'javascript-common' ];

/**
 * @param string[] $packages
 * @return array<string, string> MD5 by path, of the configuration files as the packages have them
 */
function conffilesOf( array $packages ): array {
	$listed = run( [ 'dpkg-query', '--show', '--showformat=${Conffiles}\n', ...$packages ] )->output;
	preg_match_all( '#^ (/\S+) ([0-9a-f]{32})$#m', $listed, $lines, PREG_SET_ORDER );
	return array_column( $lines, 2, 1 );
}

/**
 * What somebody would miss if the machine's Apache served nothing any more.
 *
 * @return string[] paths: sites, configuration and pages that are not as Debian has them
 */
function apacheServes(): array {
	if ( !is_file( APACHE_DIR . '/apache2.conf' ) ) {
		return [];
	}
	$plain = conffilesOf( PLAIN_PACKAGES );
	$isPlain = static fn ( string $path ): bool => isset( $plain[$path] ) && @md5_file( $path ) === $plain[$path];
	$found = array_filter( [ APACHE_DIR . '/apache2.conf', APACHE_DIR . '/ports.conf' ], static fn ( $path ) => !$isPlain( $path ) );
	foreach ( glob( APACHE_DIR . '/{sites,conf}-enabled/*', GLOB_BRACE ) ?: [] as $enabled ) {
		if ( !$isPlain( (string)realpath( $enabled ) ) && !isOurLink( $enabled ) ) {
			$found[] = $enabled;
		}
	}
	$default = @md5_file( '/usr/share/apache2/default-site/index.html' );
	foreach ( array_diff( @scandir( '/var/www/html' ) ?: [], [ '.', '..', 'index.nginx-debian.html' ] ) as $name ) {
		if ( $name !== 'index.html' || @md5_file( "/var/www/html/$name" ) !== $default ) {
			$found[] = "/var/www/html/$name";
		}
	}
	return array_values( $found );
}

/** A link that leads to a file of ours. */
function isOurLink( string $path ): bool {
	return is_link( $path ) && preg_match( '#^/(?:usr/share|var/lib)/mediawiki-full/#', (string)readlink( $path ) ) === 1;
}

/** Why Apache does not take its configuration, or null. */
function faultOfApache(): ?string {
	$tested = run( [ 'apache2ctl', 'configtest' ], '', null, 60 );
	return $tested->ok() ? null : trim( $tested->errors . $tested->output );
}

/**
 * The names that Apache's virtual hosts answer to, as it tells them itself. Its default one has all others.
 *
 * @return array<int, string[]> by port: lower-case names and aliases, without patterns
 */
function apacheNames(): array {
	$told = run( [ 'apache2ctl', '-t', '-D', 'DUMP_VHOSTS' ], '', null, 60 )->output;
	$names = [];
	$port = 0;
	foreach ( explode( "\n", $told ) as $line ) {
		if ( preg_match( '/^\S*:(\d+|\*)\s/', $line, $match ) ) {
			$port = (int)$match[1];
		}
		if ( preg_match( '/port (\d+) namevhost (\S+)/', $line, $match ) ) {
			$names[(int)$match[1]][] = strtolower( $match[2] );
			$port = (int)$match[1];
		} elseif ( preg_match( '/^\S+:(\d+)\s+(\S+) \(/', $line, $match ) ) {
			$names[(int)$match[1]][] = strtolower( $match[2] );
		} elseif ( preg_match( '/^\s+alias (\S+)/', $line, $match ) ) {
			$names[$port][] = strtolower( $match[1] );
		}
	}
	return array_map( static fn ( $list ) => array_values( array_unique( $list ) ), $names );
}

/** @return string[] the files that Apache's configuration consists of, as it tells them itself */
function apacheFiles(): array {
	$told = run( [ 'apache2ctl', '-t', '-D', 'DUMP_INCLUDES' ], '', null, 60 )->output;
	preg_match_all( '#^\s*\([^)]*\) (/.+)$#m', $told, $lines );
	return array_values( array_unique( $lines[1] ) );
}

/**
 * What of Apache's configuration says who may ask for what, or sends requests elsewhere. Pages that it may keep from
 * some are not to be kept where everybody gets them.
 *
 * @param string[] $addresses of the wiki, by which rewrite rules are tried: /wiki/Main_Page
 * @param string[] $folders that the wiki's programs and pages are in
 * @return string[] "file:line: directive"
 */
function apacheRestrictions( array $addresses, array $folders ): array {
	$plain = conffilesOf( PLAIN_PACKAGES );
	$found = [];
	$files = apacheFiles();
	foreach ( $folders as $folder ) {
		for ( $at = $folder; strlen( $at ) > 1; $at = dirname( $at ) ) {
			$files[] = "$at/.htaccess";
		}
	}
	foreach ( $files as $file ) {
		if ( is_file( $file ) && realpath( $file ) !== APACHE_CONF && ( $plain[realpath( $file )] ?? '' ) !== md5_file( $file ) ) {
			$found = [ ...$found, ...restrictionsIn( $file, (string)@file_get_contents( $file ), $addresses, $folders ) ];
		}
	}
	return $found;
}

/**
 * @param string[] $addresses
 * @param string[] $folders
 * @return string[]
 */
function restrictionsIn( string $file, string $text, array $addresses, array $folders ): array {
	$found = [];
	$sections = [];
	// A line that ends with a backslash goes on in the next
	foreach ( explode( "\n", (string)preg_replace( '/\\\\\r?\n/', ' ', $text ) ) as $number => $line ) {
		$line = trim( $line );
		if ( preg_match( '#^</(\w+)#', $line ) ) {
			array_pop( $sections );
		} elseif ( preg_match( '/^<(\w+)\s*([^>]*)>?/', $line, $match ) ) {
			$sections[] = concernsWiki( strtolower( $match[1] ), trim( $match[2] ), $addresses, $folders );
		} elseif ( $sections === [] && preg_match( '/^Rewrite(?:Rule|Options)\b/i', $line ) && !str_ends_with( $file, '.htaccess' ) ) {
			// Of no site: ours beside it would have all sites inherit it
			$found[] = "$file:" . ( $number + 1 ) . ": $line";
		} elseif ( !in_array( false, $sections, true ) && isRestriction( $line, $addresses ) ) {
			$found[] = "$file:" . ( $number + 1 ) . ": $line";
		}
	}
	return $found;
}

/** Whether what a section of Apache's configuration holds can be about the wiki. */
function concernsWiki( string $section, string $argument, array $addresses, array $folders ): bool {
	$regex = str_ends_with( $section, 'match' ) || str_starts_with( $argument, '~' );
	$argument = trim( ltrim( $argument, '~ ' ), '"\' ' );
	$any = static fn ( array $subjects, callable $fits ): bool => array_filter( $subjects, $fits ) !== [];
	$matches = static fn ( string $subject ): bool => @preg_match( '{' . str_replace( '{', '\\{', $argument ) . '}', $subject ) !== 0;
	if ( preg_match( '/^files/', $section ) ) {
		return $regex ? $any( [ 'index.php', 'api.php', 'load.php', 'rest.php' ], $matches )
			: fnmatch( $argument, 'index.php' ) || fnmatch( $argument, 'api.php' ) || fnmatch( $argument, 'load.php' );
	}
	if ( preg_match( '/^location/', $section ) ) {
		return $regex ? $any( $addresses, $matches ) : $any( $addresses,
			static fn ( $address ) => fnmatch( rtrim( $argument, '/' ) . '*', $address ) );
	}
	if ( preg_match( '/^directory/', $section ) ) {
		// What holds for a folder holds for all below it
		return $regex ? $any( $folders, $matches ) : $any( $folders,
			static fn ( $folder ) => fnmatch( rtrim( $argument, '/' ) . '/*', "$folder/" ) );
	}
	return true;
}

/** Whether a directive may keep a page from somebody, or have somebody get another one. */
function isRestriction( string $line, array $addresses ): bool {
	if ( preg_match( '/^(?:AuthType|Deny|Satisfy|SSLRequire|SSLRequireSSL|SSLVerifyClient|SecRule|SecAction)\b/i', $line ) ) {
		return !preg_match( '/^(?:AuthType|SSLVerifyClient)\s+none\b/i', $line );
	}
	if ( preg_match( '/^Require\b/i', $line ) ) {
		return !preg_match( '/^Require\s+all\s+granted\b/i', $line );
	}
	if ( preg_match( '/^Allow\s+from\b/i', $line ) ) {
		return !preg_match( '/^Allow\s+from\s+all\b/i', $line );
	}
	if ( preg_match( '/^(?:Redirect\w*|RewriteRule)\s+(.+)$/i', $line, $match ) ) {
		preg_match_all( '/"[^"]*"|\S+/', $match[1], $words );
		$words = array_map( static fn ( $word ) => trim( $word, '"' ), $words[0] );
		if ( stripos( $line, 'RewriteRule' ) === 0 ) {
			// One that names another file of this machine, and no more, leaves everybody the same page
			if ( !preg_match( '/[\[,](?:F|G|R|P|CO|E|H|T)\b/i', end( $words ) ) && !preg_match( '#^\w+://#', $words[1] ?? '' ) ) {
				return false;
			}
			$pattern = $words[0];
		} else {
			// Redirect [status] path [target]; RedirectMatch [status] pattern [target]
			$path = preg_match( '/^(?:\d{3}|permanent|temp|seeother|gone)$/i', $words[0] ) ? ( $words[1] ?? '' ) : $words[0];
			$pattern = stripos( $line, 'RedirectMatch' ) === 0 ? $path : '^' . preg_quote( $path );
		}
		$negated = str_starts_with( $pattern, '!' );
		foreach ( $addresses as $address ) {
			// In .htaccess the first slash, and folders before it, are not there: a pattern is tried with and without
			foreach ( [ $address, ltrim( $address, '/' ), basename( $address ) ] as $subject ) {
				$hit = @preg_match( '{' . str_replace( [ '{', '}' ], [ '\\{', '\\}' ], ltrim( $pattern, '!' ) ) . '}', $subject );
				if ( $hit === false || ( $hit === 1 ) !== $negated ) {
					return true;
				}
			}
		}
	}
	return false;
}
