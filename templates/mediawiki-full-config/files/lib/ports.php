<?php
/**
 * Who answers on port 80. An empty machine's port is Varnish's, and Apache is
 * the wiki's. Where Apache, or another program, serves something already, it
 * goes on doing so: Varnish listens on this machine alone, until
 * `mediawiki-full take-port-80` says otherwise. See decision 0016.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const FRONT_FILE = DATA_DIR . '/front.json';
/** Varnish has port 80, and apache2.service runs the wiki's Apache. */
const FRONT_VARNISH = 'varnish';
/** The machine's Apache has port 80, with its own sites. The wiki's Apache is a second one, behind Varnish. */
const FRONT_APACHE = 'apache';
/** A program that is neither has port 80. apache2.service runs the wiki's Apache. */
const FRONT_OTHER = 'other';
/** Where Varnish always listens: what is on this machine reaches it there whoever has port 80. */
const VARNISH_ADDRESS = '127.0.0.1:6081';
const WEB_SERVICE = 'mediawiki-full-web.service';
/** There where the wiki's Apache is the second one: WEB_SERVICE looks for it. */
const BESIDE_MARK = DATA_DIR . '/beside';
const DROP_INS = '/etc/systemd/system';

/** @return array{mode: string, stopped?: string[], varnish?: string} */
function front(): array {
	$read = json_decode( (string)@file_get_contents( FRONT_FILE ), true );
	return is_array( $read ) && isset( $read['mode'] ) ? $read : [ 'mode' => FRONT_VARNISH ];
}

/** @param array<string, mixed> $front */
function writeFront( array $front ): void {
	ensureDirectory( DATA_DIR, 0755 );
	writeFile( FRONT_FILE, encoded( $front ), 0644 );
}

/** Decides, once, who is to have port 80: before anything of ours has begun to listen. */
function decideFront(): void {
	if ( !is_file( FRONT_FILE ) ) {
		$mode = fittingFront();
		writeFront( [ 'mode' => $mode ] + ( $mode !== FRONT_VARNISH && varnishIsChanged() ? [ 'varnish' => 'theirs' ] : [] ) );
	}
	linkDropIns();
}

/** Who is to have port 80 where nobody has said: whoever has it. */
function fittingFront(): string {
	$ours = is_file( DATABASE_MARK );
	$holder = portHolder( 80 );
	$apacheRuns = $holder === 'apache2' || serviceState( 'apache2.service' ) === 'active';
	if ( $holder !== null && !in_array( $holder, [ 'apache2', 'varnishd', 'cache-main' ], true ) ) {
		return FRONT_OTHER;
	}
	if ( !$ours && is_file( LOCAL_SETTINGS ) && !wikiIsOurs() && ( $apacheRuns || !systemdRuns() ) ) {
		return FRONT_APACHE;
	}
	return !$ours && ( $apacheRuns || !systemdRuns() ) && apacheServes() !== [] ? FRONT_APACHE : FRONT_VARNISH;
}

/** Where a request is answered by the wiki's own caches, whoever has port 80: host and port. */
function cacheAddress(): string {
	return front()['mode'] === FRONT_VARNISH ? '127.0.0.1:80' : VARNISH_ADDRESS;
}

/** The unit that runs the wiki's Apache. */
function webService(): string {
	return front()['mode'] === FRONT_APACHE ? WEB_SERVICE : 'apache2.service';
}

/** Whether the machine's Varnish has rules, or is started in a way, that are not Debian's. */
function varnishIsChanged(): bool {
	$file = '/etc/varnish/default.vcl';
	$plain = conffilesOf( [ 'varnish' ] )[$file] ?? null;
	$own = array_filter( glob( DROP_INS . '/varnish.service{,.d/*.conf}', GLOB_BRACE ) ?: [], static fn ( $path ) => !isOurLink( $path ) );
	return $own !== [] || ( is_file( $file ) && $plain !== null && md5_file( $file ) !== $plain );
}

/** Whether the machine's Varnish was somebody's before the wiki came, and stays so. */
function varnishIsTheirs(): bool {
	return front()['mode'] !== FRONT_VARNISH && ( front()['varnish'] ?? '' ) === 'theirs';
}

/** @return array<string, ?string> what each drop-in leads to; null: there is to be none */
function dropIns(): array {
	$mode = front()['mode'];
	return [
		'apache2' => $mode === FRONT_APACHE ? null : 'apache2.conf',
		'varnish' => varnishIsTheirs() ? null : ( $mode === FRONT_VARNISH ? 'varnish-80.conf' : 'varnish-beside.conf' ),
	];
}

/**
 * Has apache2.service and varnish.service run with our configuration, or with their own, as the front wants it.
 *
 * @return string[] services of which something changed: apache2, varnish
 */
function linkDropIns(): array {
	$changed = [];
	foreach ( dropIns() as $service => $file ) {
		$link = DROP_INS . "/$service.service.d/mediawiki-full.conf";
		$target = $file === null ? null : SHARE_DIR . "/systemd/$file";
		$is = is_link( $link ) ? (string)readlink( $link ) : null;
		if ( $is === $target ) {
			continue;
		}
		$changed[] = $service;
		@unlink( $link );
		@rmdir( dirname( $link ) );
		if ( $target !== null ) {
			ensureDirectory( dirname( $link ), 0755 );
			symlink( $target, $link );
		}
	}
	if ( front()['mode'] === FRONT_APACHE ) {
		writeFile( BESIDE_MARK, "The machine's Apache has port 80.\n", 0644 );
	} else {
		@unlink( BESIDE_MARK );
	}
	return $changed;
}

/** Gives Apache and Varnish back as Debian has them; for the removal of this package. */
function unlinkDropIns(): int {
	foreach ( [ 'apache2', 'varnish' ] as $service ) {
		@unlink( DROP_INS . "/$service.service.d/mediawiki-full.conf" );
		@rmdir( DROP_INS . "/$service.service.d" );
	}
	removeSite();
	leaveApache();
	return 0;
}

/** The unit of the program that listens on a port, or null. */
function portUnit( int $port ): ?string {
	$result = run( [ 'ss', '--no-header', '--listening', '--tcp', '--numeric', '--processes', "sport = :$port" ], '', null, 10 );
	if ( !preg_match( '/pid=(\d+)/', $result->output, $match ) ) {
		return null;
	}
	$group = (string)@file_get_contents( "/proc/{$match[1]}/cgroup" );
	return preg_match( '#/([^/\n]+\.service)$#m', $group, $unit ) ? $unit[1] : null;
}

/** What has to go for Varnish to have port 80, in words. @return string[] */
function whatPort80Serves(): array {
	return front()['mode'] === FRONT_APACHE ? apacheServes() : array_filter( [ portUnit( 80 ) ?? portHolder( 80 ) ] );
}

/**
 * `mediawiki-full take-port-80`: Varnish, and the wiki with it, has port 80 from now on, whatever had it.
 *
 * @param bool $yes without asking
 * @param bool $undo whoever had it has it again
 */
function takePort80( bool $yes, bool $undo ): int {
	$front = front();
	if ( $undo ) {
		return givePort80Back();
	}
	if ( $front['mode'] === FRONT_VARNISH ) {
		say( 'Varnish has port 80 already' );
		return 0;
	}
	if ( adoption() !== null ) {
		throw new Fault( "this wiki was adopted where it is, in the machine's Apache, and goes on answering there. " .
			'`mediawiki-full adopt --undo` first' );
	}
	if ( is_file( LOCAL_SETTINGS ) && !wikiIsOurs() ) {
		throw new Fault( 'the wiki of this machine is not adopted yet, and could no longer be reached: run `mediawiki-full adopt` first' );
	}
	say( 'these are no longer served:' );
	foreach ( whatPort80Serves() as $served ) {
		say( "    $served" );
	}
	if ( !$yes && !agreed() ) {
		return 2;
	}
	$stopped = [];
	if ( $front['mode'] === FRONT_OTHER ) {
		$unit = portUnit( 80 );
		if ( $unit === null && portHolder( 80 ) !== null ) {
			throw new Fault( portHolder( 80 ) . ' has port 80 and is not run by systemd: stop it, and call this again' );
		}
		if ( $unit !== null ) {
			$stopped[] = $unit;
		}
	}
	removeSite();
	// Before the deed, so that an interrupted one can be taken back
	writeFront( [ 'mode' => FRONT_VARNISH ] + ( $stopped === [] ? [] : [ 'stopped' => $stopped ] ) + $front );
	foreach ( $stopped as $unit ) {
		run( [ 'systemctl', 'disable', '--now', $unit ], '', null, 120 );
	}
	linkDropIns();
	run( [ 'systemctl', 'stop', WEB_SERVICE ], '', null, 60 );
	restartFrontEnds();
	say( 'Varnish has port 80. `mediawiki-full take-port-80 --undo` gives it back' );
	return 0;
}

function givePort80Back(): int {
	$front = front();
	$stopped = $front['stopped'] ?? [];
	if ( $front['mode'] !== FRONT_VARNISH || ( $stopped === [] && apacheServes() === [] ) ) {
		throw new Fault( 'there is nobody to give port 80 back to' );
	}
	writeFront( array_diff_key( [ 'mode' => $stopped === [] ? FRONT_APACHE : FRONT_OTHER ] + $front, [ 'stopped' => 1 ] ) );
	linkDropIns();
	run( [ 'systemctl', 'daemon-reload' ], '', null, 60 );
	// It leaves port 80 first
	service( 'restart', 'varnish.service' );
	service( 'restart', 'apache2.service' );
	foreach ( $stopped as $unit ) {
		run( [ 'systemctl', 'enable', '--now', $unit ], '', null, 120 );
	}
	writeSite();
	restartFrontEnds();
	return 0;
}

/** A site of the machine's Apache that hands on to the wiki what is asked under its name. Other sites stay as they are. */
const SITE_FILE = APACHE_DIR . '/sites-available/zz-mediawiki-full.conf';
const SITE_LINK = APACHE_DIR . '/sites-enabled/zz-mediawiki-full.conf';
const SITE_MODULES = [ 'proxy', 'proxy_http', 'headers' ];

/** The name that is the wiki's alone among those the machine's Apache answers to, or null. */
function siteName(): ?string {
	$host = strtolower( (string)parse_url( readChoices()['server_url'], PHP_URL_HOST ) );
	// The machine's own name leads to whichever site Apache has for it
	return in_array( $host, [ '', strtolower( machineName() ) ], true ) || isOthersName( $host ) ? null : $host;
}

function isOthersName( string $host ): bool {
	$here = is_file( SITE_FILE ) && preg_match( '/^\s*ServerName (\S+)/m', (string)file_get_contents( SITE_FILE ), $match ) ? $match[1] : '';
	return $host !== $here && in_array( $host, apacheNames()[80] ?? [], true );
}

/** Has the machine's Apache hand on the wiki's name to it, where the wiki has one. @return bool whether anything changed */
function writeSite(): bool {
	$name = front()['mode'] === FRONT_APACHE && adoption() === null && wikiIsOurs() ? siteName() : null;
	if ( $name === null ) {
		return removeSite();
	}
	$text = "# Written by mediawiki-full: the wiki, under its own name next to the existing sites.\n" .
		"# `mediawiki-full set server_url http://NAME` gives it another one.\n" .
		"<VirtualHost *:80>\n\tServerName $name\n\tAllowEncodedSlashes NoDecode\n\tProxyPreserveHost On\n" .
		"\tRequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}\n" .
		"\tProxyPass / http://" . VARNISH_ADDRESS . "/ nocanon\n</VirtualHost>\n";
	if ( is_link( SITE_LINK ) && @file_get_contents( SITE_FILE ) === $text ) {
		return false;
	}
	enableModules( SITE_MODULES );
	writeFile( SITE_FILE, $text, 0644 );
	@unlink( SITE_LINK );
	symlink( '../sites-available/zz-mediawiki-full.conf', SITE_LINK );
	$fault = faultOfApache();
	if ( $fault !== null ) {
		removeSite();
		throw new Fault( "Apache does not take a site for the wiki, so it has none: $fault" );
	}
	service( 'reload', 'apache2.service' );
	return true;
}

function removeSite(): bool {
	if ( !is_link( SITE_LINK ) && !is_file( SITE_FILE ) ) {
		return false;
	}
	@unlink( SITE_LINK );
	@unlink( SITE_FILE );
	if ( serviceState( 'apache2.service' ) === 'active' ) {
		service( 'reload', 'apache2.service' );
	}
	return true;
}

/** @param string[] $modules */
function enableModules( array $modules ): void {
	foreach ( moduleLinks( $modules ) as $link => $target ) {
		if ( !file_exists( $link ) ) {
			symlink( $target, $link );
		}
	}
}

/**
 * The links by which Apache's modules are enabled (a2enmod(8)).
 *
 * @param string[] $modules
 * @return array<string, string> target by link
 */
function moduleLinks( array $modules ): array {
	$links = [];
	foreach ( $modules as $module ) {
		foreach ( [ 'load', 'conf' ] as $kind ) {
			if ( is_file( APACHE_DIR . "/mods-available/$module.$kind" ) ) {
				$links[APACHE_DIR . "/mods-enabled/$module.$kind"] = "../mods-available/$module.$kind";
			}
		}
	}
	return $links;
}

/** Says who keeps port 80 and where the new wiki answers, where Varnish did not get the port. */
function sayFront(): void {
	$mode = front()['mode'];
	if ( $mode === FRONT_VARNISH ) {
		return;
	}
	$holder = $mode === FRONT_APACHE ? 'Apache serves what it served before' : ( portUnit( 80 ) ?? portHolder( 80 ) ?? 'another program' ) . ' has port 80';
	say( "$holder, so port 80 does not change." );
	foreach ( $mode === FRONT_APACHE ? apacheServes() : [] as $served ) {
		say( "    $served" );
	}
	if ( adoption() !== null || ( is_file( LOCAL_SETTINGS ) && !wikiIsOurs() ) ) {
		return;
	}
	if ( $mode === FRONT_APACHE && is_link( SITE_LINK ) ) {
		say( 'The new wiki is at http://' . siteName() . '/' );
		return;
	}
	foreach ( glob( '/{var/www,srv}/{*/,*/*/,*/*/*/}LocalSettings.php', GLOB_BRACE ) ?: [] as $settings ) {
		say( dirname( $settings ) . ' has a wiki, which does not change: `mediawiki-full adopt ' . dirname( $settings ) . ' --dry-run` shows what an adoption would add.' );
	}
	say( 'The new wiki answers on ' . VARNISH_ADDRESS . ' of this machine.' );
	if ( $mode === FRONT_APACHE ) {
		say( '`mediawiki-full set server_url http://NAME` gives it its own name next to the other sites.' );
	}
	say( '`mediawiki-full take-port-80` gives it port 80, and first names what it stops.' );
}
