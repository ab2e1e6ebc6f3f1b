<?php
/**
 * An adopted wiki in the machine's Apache: its programs run in the set's own
 * processes of PHP, whatever address leads to them, and pages for visitors who
 * are not logged in come out of Varnish. Sites, rewrite rules and access of
 * the machine's configuration stay in force.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const APACHE_CONF = APACHE_DIR . '/conf-available/mediawiki-full.conf';
const APACHE_CONF_LINK = APACHE_DIR . '/conf-enabled/mediawiki-full.conf';
/** The adopted wiki's addresses, for the Apache behind Varnish; apache2.conf includes it. */
const PATHS_FILE = DATA_DIR . '/paths.conf';

/** @param array<string, mixed> $adoption @return string[] */
function modulesOfFront( array $adoption ): array {
	return [ 'proxy', 'proxy_fcgi', ...( $adoption['keepsPages'] ? [ 'proxy_http', 'rewrite', 'headers' ] : [] ) ];
}

/**
 * @param array<string, mixed> $adoption
 * @return string configuration for the machine's Apache
 */
function apacheFrontText( array $adoption ): string {
	$text = "# Written by mediawiki-full for the wiki that was adopted; `mediawiki-full adopt --undo` takes it away.\n" .
		"# PHP of the wiki runs in the set's own processes.\n";
	$folders = array_unique( [ $adoption['folder'], ...( $adoption['folder'] === PACKAGED_FOLDER ? [ PACKAGED_CODE ] : [] ) ] );
	foreach ( $folders as $folder ) {
		$text .= "<Directory \"$folder\">\n\t<FilesMatch \"^(?:" . implode( '|', [ ...ENTRY_POINTS, 'thumb_handler', 'img_auth' ] ) . ")\\.php$\">\n" .
			"\t\tSetHandler \"proxy:unix:/run/mediawiki-full/php.sock|fcgi://mediawiki-full-adopted/\"\n\t\tCGIPassAuth On\n" .
			// How long Varnish may keep a page is for Varnish, which hears of edits, and for no other cache on the way
			( $adoption['keepsPages'] ? "\t\tHeader set Cache-Control \"private, must-revalidate, max-age=0\" " .
				"\"expr=%{resp:Content-Type} =~ m#^text/html# && %{resp:Cache-Control} =~ /s-maxage=[1-9]/\"\n" : '' ) .
			"\t</FilesMatch>\n</Directory>\n";
	}
	$text .= "<Proxy \"fcgi://mediawiki-full-adopted/\">\n\tProxySet connectiontimeout=5 timeout=180\n</Proxy>\n";
	if ( !$adoption['keepsPages'] ) {
		return $text;
	}
	$text .= "\n# Who is not logged in goes by way of Varnish. Before the sites' own rules, which would hide the address.\n" .
		"RewriteEngine On\nRewriteOptions InheritDownBefore\n";
	$address = '(?:' . implode( '|', prefixesOf( $adoption ) ) . ')';
	// Bytes that Apache would take for something else when it writes the address anew go another way
	$plain = "(?:[A-Za-z0-9_.~!$'()*,;:@/&=+-]|%[89A-Fa-f][0-9A-Fa-f])*";
	foreach ( [ 80 => 'off', 443 => 'on' ] as $port => $https ) {
		$hosts = [];
		foreach ( $adoption['hosts'] as $host ) {
			if ( str_ends_with( $host, ":$port" ) ) {
				$hosts[] = preg_quote( substr( $host, 0, -strlen( ":$port" ) ) );
			}
		}
		if ( $hosts === [] ) {
			continue;
		}
		$text .= "RewriteCond %{HTTPS} =$https\n" .
			'RewriteCond %{HTTP_HOST} "^(?:' . implode( '|', $hosts ) . ")(?::$port)?$\" [NC]\n" .
			// Another port is another site
			"RewriteCond %{SERVER_PORT} =$port\n" .
			// As wiki.vcl has it: a session alone is no login, and anybody can invent one
			"RewriteCond %{HTTP:Cookie} \"!(?:UserID|_BPsession|centralauth_User)=\"\n" .
			"RewriteCond %{THE_REQUEST} \"^(?:GET|HEAD|POST) ($address$plain)(?:\\?[^ ]*)? HTTP/\"\n" .
			'RewriteRule ^ "http://' . VARNISH_ADDRESS . "%1\" [P,NE,L]\n";
	}
	return $text . '<Proxy "http://' . VARNISH_ADDRESS . "\">\n\tProxySet connectiontimeout=5 timeout=180\n\tProxyPreserveHost On\n" .
		"\tRequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}\n</Proxy>\n";
}

/**
 * What addresses of pages and programs begin with.
 *
 * @param array<string, mixed> $adoption
 * @return string[] regular expressions
 */
function prefixesOf( array $adoption ): array {
	$programs = preg_quote( $adoption['scriptPath'] ) . '/(?:' . implode( '|', ENTRY_POINTS ) . ')\\.php(?![^/? ])';
	$article = pathOfArticles( $adoption );
	return [ $programs, ...( $article === null ? [] : [ preg_quote( $article ) ] ) ];
}

/** "/wiki/" of "/wiki/$1"; null where pages are asked for from index.php. */
function pathOfArticles( array $adoption ): ?string {
	$path = (string)strstr( $adoption['articlePath'], '$1', true );
	return $path === '' || $path === '/' || str_contains( $path, '?' ) || str_contains( $path, '.php' ) ? null : $path;
}

/**
 * @param array<string, mixed> $adoption
 * @return string configuration for the Apache behind Varnish
 */
function pathsText( array $adoption ): string {
	$text = "# Written by mediawiki-full: addresses of the wiki that was there before it.\n" .
		"# PHP of a wiki that looks at the visitor's address finds it where it was\n" .
		"LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so\n" .
		"RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1 ::1\n" .
		// Which takes the header away that apache2.conf has in its log
		"LogFormat \"%a %l %u %t \\\"%r\\\" %>s %O \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\"\" forwarded\n";
	foreach ( ENTRY_POINTS as $name ) {
		$text .= "Alias \"{$adoption['scriptPath']}/$name.php\" \"" . PACKAGED_FOLDER . "/$name.php\"\n";
	}
	$article = pathOfArticles( $adoption );
	if ( $article !== null ) {
		$text .= 'Alias "' . rtrim( $article, '/' ) . '" "' . PACKAGED_FOLDER . "/index.php\"\n";
	}
	$text .= staticPathsText( $adoption );
	return $text . '<LocationMatch "^(?:' . implode( '|', prefixesOf( $adoption ) ) . ")\">\n\tRequire all granted\n\tAcceptPathInfo On\n" .
		"\tSetHandler \"proxy:unix:/run/mediawiki-full/php.sock|fcgi://mediawiki-full/\"\n</LocationMatch>\n";
}

/** Files of an imported wiki: where it is the only one, no other Apache has them. */
function staticPathsText( array $adoption ): string {
	$script = $adoption['scriptPath'];
	if ( !( $adoption['imported'] ?? false ) ) {
		return '';
	}
	$text = '';
	if ( $script !== '' ) {
		foreach ( [ 'resources', 'skins', 'extensions' ] as $folder ) {
			$text .= "Alias \"$script/$folder\" \"" . PACKAGED_FOLDER . "/$folder\"\n";
		}
		$text .= '<LocationMatch "^' . preg_quote( $script ) . '/(?:resources|skins|extensions)/.*\\.(?:css|js|map|png|gif|jpe?g|webp|svg|ico|cur|woff2?|ttf|eot|mp3|ogg|wav)$">' .
			"\n\tRequire all granted\n</LocationMatch>\n";
	}
	$uploads = $adoption['uploadPath'];
	if ( $uploads !== '/images' && str_starts_with( $uploads, '/' ) ) {
		// As apache2.conf has it for /images
		$text .= "Alias \"$uploads\" \"" . IMAGES_DIR . "\"\n<Location \"$uploads/\">\n\tRequire all granted\n\tSetHandler default-handler\n" .
			"\tHeader always set X-Content-Type-Options nosniff\n\tHeader always set Content-Security-Policy \"default-src 'none'; " .
			"style-src 'unsafe-inline' data:; font-src data:; img-src data: 'self'; media-src data: 'self'; sandbox\"\n</Location>\n" .
			'<LocationMatch "(?i)^' . preg_quote( $uploads ) . '/(?:(?:deleted|lockdir|temp|archive/.*/temp)/|.*\\.(?:ph(?:p\\d?|t|tml|ar)|inc|cgi|pl|py|sh|s?html?|xhtml|htaccess)$)">' .
			"\n\tRequire all denied\n</LocationMatch>\n";
	}
	return $text;
}

/** Has the machine's Apache hand on to us, where it takes that; each change is noted. */
function adoptApache( Changes $changes ): void {
	$adoption = $changes->record;
	foreach ( moduleLinks( modulesOfFront( $adoption ) ) as $link => $target ) {
		if ( !file_exists( $link ) ) {
			$changes->link( $link, $target );
		}
	}
	$changes->write( APACHE_CONF, apacheFrontText( $adoption ) );
	$changes->link( APACHE_CONF_LINK, '../conf-available/mediawiki-full.conf' );
	$fault = faultOfApache();
	if ( $fault !== null ) {
		throw new Fault( "Apache does not take the configuration for the wiki: $fault" );
	}
}

/** What another version of this package wrote is written anew, as this one has it. */
function renewApacheFront(): void {
	$adoption = adoption();
	if ( $adoption === null || $adoption['phase'] !== 'done' ) {
		return;
	}
	if ( @file_get_contents( PATHS_FILE ) !== pathsText( $adoption ) ) {
		writeFile( PATHS_FILE, pathsText( $adoption ), 0644 );
		service( 'restart', webService() );
	}
	if ( $adoption['inApache'] ) {
		adoptApache( new Changes( $adoption ) );
		service( 'reload', 'apache2.service' );
	}
}

/**
 * For the removal of this package: the wiki runs in Apache's own PHP again. The code of one that was unpacked comes back,
 * for the set's may go too; not where its database has been brought forward since.
 */
function leaveApache(): void {
	$adoption = adoption();
	if ( $adoption !== null && ( $adoption['moved'] ?? [] ) !== [] && !$adoption['schemaMoved'] ) {
		undoAdoption();
		return;
	}
	if ( adoption() !== null && is_link( APACHE_CONF_LINK ) ) {
		unlink( APACHE_CONF_LINK );
		service( 'reload', 'apache2.service' );
	}
}
