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
 * Directives that neither keep a page from anybody nor have anybody get another one. Any other one that is in force
 * where the wiki is served counts as a restriction: what is not known is not taken for harmless.
 */
const HARMLESS = [ 'ServerName', 'ServerAlias', 'ServerAdmin', 'ServerRoot', 'ServerTokens', 'ServerSignature', 'DocumentRoot',
	'ErrorLog', 'CustomLog', 'TransferLog', 'GlobalLog', 'LogLevel', 'LogFormat', 'ErrorDocument', 'Alias', 'DirectoryIndex',
	'Options', 'AllowOverride', 'AllowEncodedSlashes', 'AcceptPathInfo', 'AddType', 'AddCharset', 'AddDefaultCharset', 'AddEncoding',
	'AddLanguage', 'AddOutputFilterByType', 'ExpiresActive', 'ExpiresByType', 'ExpiresDefault', 'Header', 'KeepAlive',
	'KeepAliveTimeout', 'MaxKeepAliveRequests', 'Timeout', 'RequestReadTimeout', 'LimitRequestBody', 'TraceEnable', 'HostnameLookups',
	'Include', 'IncludeOptional', 'LoadModule', 'Listen', 'Order', 'RewriteEngine', 'RewriteBase', 'SSLEngine', 'SSLCertificateFile',
	'SSLCertificateKeyFile', 'SSLCertificateChainFile', 'SSLProtocol', 'SSLCipherSuite', 'SSLHonorCipherOrder', 'SSLCompression',
	'SSLSessionTickets', 'SSLUseStapling', 'SSLStaplingCache', 'SSLOptions', 'SSLOpenSSLConfCmd', 'Protocols', 'EnableSendfile', 'FileETag',
	'StartServers', 'MinSpareServers', 'MaxSpareServers', 'MaxRequestWorkers', 'MaxConnectionsPerChild', 'ThreadsPerChild', 'Mutex',
	'User', 'Group', 'PidFile', 'Define' ];
/** Settings of PHP that leave who may see what as it is. */
const HARMLESS_PHP = '/^php_(?:admin_)?(?:value|flag)\s+(?:memory_limit|upload_max_filesize|post_max_size|max_execution_time|max_input_\w+|' .
	'date\.timezone|engine|display_errors|log_errors|error_log|session\.\w+|opcache\.\w+)\s/i';

/** What of the wiki Apache's configuration is looked through for. */
final class ServedWiki {
	/**
	 * @param string[] $prefixes of its addresses: /wiki/, /w/
	 * @param string[] $folders that its programs are in, by every name
	 * @param string[] $hosts "old.example.org:80"
	 */
	public function __construct(
		public readonly array $prefixes,
		public readonly array $folders,
		public readonly array $hosts
	) {
	}

	/** Whether an address that begins so can be one of the wiki's. */
	public function mayBegin( string $address ): bool {
		foreach ( $this->prefixes as $prefix ) {
			if ( str_starts_with( $prefix, $address ) || str_starts_with( $address, $prefix ) ) {
				return true;
			}
		}
		return false;
	}
}

/**
 * What in Apache's configuration may keep a page from somebody, or have some get another one: pages of such a wiki are
 * not to be kept where everybody gets them.
 *
 * @param string[] $prefixes
 * @param string[] $folders
 * @param string[] $hosts as ServedWiki has them
 * @return string[] "file:line: directive"
 */
function apacheRestrictions( array $prefixes, array $folders, array $hosts ): array {
	$plain = conffilesOf( [ ...PLAIN_PACKAGES, 'libapache2-mod-php*' ] );
	$texts = [];
	foreach ( apacheFiles() as $file ) {
		if ( is_file( $file ) && realpath( $file ) !== APACHE_CONF && ( $plain[realpath( $file )] ?? '' ) !== md5_file( $file ) ) {
			$texts[$file] = (string)file_get_contents( $file );
		}
	}
	// The folder by whatever name Apache has it, and what lies above each
	$names = $folders;
	foreach ( [ ...$texts, (string)@file_get_contents( APACHE_DIR . '/conf-enabled/mediawiki.conf' ) ] as $text ) {
		preg_match_all( '/^\s*(?:Alias|DocumentRoot)\s+(?:"[^"]*"\s+|\S+\s+)?"?([^"\s]+)"?\s*$/mi', $text, $paths );
		$names = [ ...$names, ...array_filter( $paths[1], static fn ( $path ) => isWithin( (string)realpath( $path ), $folders ) ) ];
	}
	$served = new ServedWiki( $prefixes, array_values( array_unique( $names ) ), $hosts );
	foreach ( $served->folders as $folder ) {
		for ( $at = rtrim( $folder, '/' ); strlen( $at ) > 1; $at = dirname( $at ) ) {
			if ( is_file( "$at/.htaccess" ) && ( $plain["$at/.htaccess"] ?? '' ) !== md5_file( "$at/.htaccess" ) ) {
				$texts["$at/.htaccess"] = (string)file_get_contents( "$at/.htaccess" );
			}
		}
	}
	$found = [];
	foreach ( $texts as $file => $text ) {
		$found = [ ...$found, ...restrictionsIn( $file, $text, $served ) ];
	}
	return $found;
}

/** @param string[] $folders of which a path is one, or in which it is */
function isWithin( string $path, array $folders ): bool {
	return $path !== '' && array_filter( $folders, static fn ( $folder ) => str_starts_with( "$path/", "$folder/" ) ) !== [];
}

/** @return string[] */
function restrictionsIn( string $file, string $text, ServedWiki $served ): array {
	$found = [];
	$sections = [];
	$conditions = false;
	// A line that ends with a backslash goes on in the next
	$lines = explode( "\n", (string)preg_replace( '/\\\\\r?\n/', ' ', $text ) );
	foreach ( $lines as $number => $line ) {
		$line = trim( $line );
		$at = "$file:" . ( $number + 1 );
		if ( $line === '' || $line[0] === '#' ) {
			continue;
		}
		if ( preg_match( '#^</(\w+)#', $line ) ) {
			array_pop( $sections );
		} elseif ( preg_match( '/^<(\w+)\s*([^>]*)>?/', $line, $match ) ) {
			$concerns = concernsWiki( strtolower( $match[1] ), trim( $match[2] ), $served, array_slice( $lines, $number + 1 ) );
			$sections[] = $concerns;
			if ( $concerns && strtolower( $match[1] ) === 'virtualhost' && !vhostRewrites( array_slice( $lines, $number + 1 ) ) ) {
				$found[] = "$at: this site has no `RewriteEngine On`, without which Apache hands nothing on; add that line";
			}
		} elseif ( !in_array( false, $sections, true ) ) {
			$alone = $sections === [] && !str_ends_with( $file, '.htaccess' );
			if ( isRestriction( $line, $served, $conditions, $alone ) ) {
				$found[] = "$at: $line";
			}
			if ( preg_match( '/^RewriteCond\b/i', $line ) ) {
				$conditions = $conditions || !isPlainCondition( $line );
			} elseif ( preg_match( '/^RewriteRule\b/i', $line ) ) {
				$conditions = false;
			}
		}
	}
	return $found;
}

/** @param string[] $rest lines behind the beginning of a virtual host */
function vhostRewrites( array $rest ): bool {
	foreach ( $rest as $line ) {
		if ( preg_match( '#^\s*</VirtualHost#i', $line ) ) {
			return false;
		}
		if ( preg_match( '/^\s*RewriteEngine\s+On\b/i', $line ) ) {
			return true;
		}
	}
	return false;
}

/**
 * Whether what a section of Apache's configuration holds can be about the wiki.
 *
 * @param string[] $rest lines behind its beginning
 */
function concernsWiki( string $section, string $argument, ServedWiki $served, array $rest ): bool {
	if ( str_contains( $argument, '$' ) && !str_ends_with( $section, 'match' ) && !str_starts_with( $argument, '~' ) ) {
		// A variable, whose value only Apache knows
		return true;
	}
	$regex = str_ends_with( $section, 'match' ) || str_starts_with( $argument, '~' );
	$argument = trim( ltrim( $argument, '~ ' ), '"\' ' );
	$matches = static fn ( string $subject ): bool => @preg_match( '{' . str_replace( [ '{', '}' ], [ '\\{', '\\}' ], $argument ) . '}', $subject ) !== 0;
	$any = static fn ( array $subjects, callable $fits ): bool => array_filter( $subjects, $fits ) !== [];
	if ( $section === 'virtualhost' ) {
		return servesWiki( $argument, $rest, $served->hosts );
	}
	if ( preg_match( '/^files/', $section ) ) {
		return $any( array_map( static fn ( $name ) => "$name.php", ENTRY_POINTS ), $regex ? $matches : static fn ( $name ) => fnmatch( $argument, $name ) );
	}
	if ( preg_match( '/^location/', $section ) ) {
		return $served->mayBegin( $regex ? literalStart( $argument ) : (string)preg_replace( '/[*?\[].*/', '', $argument ) );
	}
	if ( preg_match( '/^directory/', $section ) ) {
		if ( $regex ) {
			return $any( $served->folders, static fn ( $folder ) => $matches( $folder ) || $matches( "$folder/" ) || $matches( "$folder/index.php" ) );
		}
		// What holds for a folder holds for all below it
		return $any( $served->folders, static fn ( $folder ) => fnmatch( rtrim( $argument, '/' ) . '/*', "$folder/" ) ) ||
			( realpath( $argument ) !== false && $any( $served->folders,
				static fn ( $folder ) => str_starts_with( (string)realpath( $folder ) . '/', rtrim( (string)realpath( $argument ), '/' ) . '/' ) ) );
	}
	return true;
}

/**
 * Whether a virtual host is one at which the wiki was found.
 *
 * @param string[] $rest
 * @param string[] $hosts
 */
function servesWiki( string $argument, array $rest, array $hosts ): bool {
	$port = preg_match( '/:(\d+)\b/', $argument, $match ) ? $match[1] : null;
	$names = [];
	foreach ( $rest as $line ) {
		if ( preg_match( '#^\s*</VirtualHost#i', $line ) ) {
			break;
		}
		if ( preg_match( '/^\s*Server(?:Name|Alias)\s+(.+)$/i', $line, $match ) ) {
			$names = [ ...$names, ...preg_split( '/\s+/', strtolower( trim( $match[1] ) ) ) ];
		}
	}
	if ( $names === [] || $port === null ) {
		return true;
	}
	foreach ( $hosts as $host ) {
		[ $name, $at ] = explode( ':', $host );
		foreach ( $at === $port ? $names : [] as $pattern ) {
			if ( fnmatch( (string)preg_replace( '/:\d+$/', '', $pattern ), $name ) ) {
				return true;
			}
		}
	}
	return false;
}

/** What every subject of a regular expression begins with, as far as it says so. */
function literalStart( string $regex ): string {
	$regex = (string)preg_replace( '/^\(\?i\)/', '', $regex );
	return preg_match( '#^\^((?:[A-Za-z0-9/_-]|\\\\[./-])+)(.?)#', $regex, $match )
		// A sign behind the last letter may say that it need not be there
		? stripslashes( in_array( $match[2], [ '?', '*', '{', '|' ], true ) ? substr( $match[1], 0, -1 ) : $match[1] ) : '';
}

/** Whether a condition of a rewrite rule only looks for a file, or at the address. */
function isPlainCondition( string $line ): bool {
	return preg_match( '/^RewriteCond\s+"?(?:%\{(?:DOCUMENT_ROOT|REQUEST_FILENAME|REQUEST_URI)\}\/?)+"?\s+"?!?-[fd]"?\s*(?:\[[^\]]*\])?$/i', $line ) === 1;
}

/**
 * Whether a directive may keep a page from somebody, or have somebody get another one.
 *
 * @param bool $conditions other than plain ones stand before it, for a rewrite rule
 * @param bool $alone it is of no site: rewrite rules there are inherited by none, and would be once ours are
 */
function isRestriction( string $line, ServedWiki $served, bool $conditions, bool $alone ): bool {
	[ $directive, $arguments ] = preg_split( '/\s+/', $line, 2 ) + [ 1 => '' ];
	$is = static fn ( string ...$names ): bool => in_array( strtolower( $directive ), array_map( 'strtolower', $names ), true );
	if ( $is( 'Require' ) ) {
		return !preg_match( '/^all\s+granted$/i', trim( $arguments ) );
	}
	if ( $is( 'Allow' ) ) {
		return !preg_match( '/^from\s+all$/i', trim( $arguments ) );
	}
	if ( $is( 'RewriteCond' ) ) {
		// The rule behind it counts
		return false;
	}
	if ( $is( 'Redirect', 'RedirectMatch', 'RedirectPermanent', 'RedirectTemp', 'AliasMatch', 'ScriptAlias', 'ProxyPass', 'ProxyPassMatch', 'ProxyPassReverse' ) ) {
		preg_match_all( '/"[^"]*"|\S+/', $arguments, $words );
		$words = array_map( static fn ( $word ) => trim( $word, '"' ), $words[0] );
		$path = preg_match( '/^(?:\d{3}|permanent|temp|seeother|gone)$/i', $words[0] ?? '' ) ? ( $words[1] ?? '' ) : ( $words[0] ?? '' );
		$ours = isset( $words[1] ) && $is( 'AliasMatch' ) && isWithin( (string)realpath( end( $words ) ), $served->folders );
		return !$ours && $served->mayBegin( $is( 'RedirectMatch', 'AliasMatch', 'ProxyPassMatch' ) ? literalStart( $path ) : $path );
	}
	if ( $is( 'RewriteRule' ) ) {
		return $alone || isRestrictingRule( $arguments, $served, $conditions );
	}
	return !$is( ...HARMLESS ) && !preg_match( HARMLESS_PHP, $line );
}

/** A rule that has everybody get a page of the wiki, or is of other addresses, restricts nobody. */
function isRestrictingRule( string $arguments, ServedWiki $served, bool $conditions ): bool {
	preg_match_all( '/"[^"]*"|\[[^\]]*\]|\S+/', $arguments, $words );
	[ $pattern, $target, $flags ] = array_map( static fn ( $word ) => trim( $word, '"' ), $words[0] ) + [ '', '', '' ];
	$start = literalStart( $pattern );
	// In .htaccess the first slash, and folders before it, are not there: no start can be told
	if ( $start !== '' && $start[0] === '/' && !$served->mayBegin( $start ) ) {
		return false;
	}
	$plain = !preg_match( '/[^\[\],\s]/', (string)preg_replace( '/\b(?:L|last|END|PT|passthrough|QSA|qsappend|NC|nocase|NE|noescape|B)\b/i', '', $flags ) );
	$toWiki = preg_match( '#(?:^|/)index\.php(?:[?/]|$)#', $target ) &&
		( $target[0] !== '/' || $served->mayBegin( (string)preg_replace( '/[?$].*/', '', $target ) ) );
	return $conditions || !$plain || !$toWiki;
}
