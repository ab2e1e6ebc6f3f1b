<?php
/**
 * What is wrong with the wiki, each with what to do about it: decided over what
 * status.php gathered, and a few looks at the machine. Changes nothing.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** So many jobs are no backlog yet. */
const MANY_JOBS = 1000;
/** Below it, in bytes, a disk is about to be full. */
const LITTLE_ROOM = 512 * 1024 * 1024;

/** Something that is wrong. `error`: visitors notice it. `warning`: they will, or somebody does not get something. */
final class Finding {
	public function __construct(
		public readonly string $severity,
		public readonly string $code,
		public readonly string $what,
		public readonly string $do
	) {
	}
}

/**
 * @param array<string, mixed> $status as gatherStatus() has it
 * @return Finding[] errors first
 */
function findingsOf( array $status ): array {
	$findings = [ ...settingsFindings(), ...serviceFindings( $status['services'] ), ...setupFindings( $status ) ];
	if ( !$status['wiki']['answers'] && $findings === [] ) {
		$findings[] = new Finding( 'error', 'silent', 'the wiki does not answer',
			'check ' . LOG_DIR . '/php.log, ' . LOG_DIR . '/exception.log and /var/log/apache2/mediawiki-full.error.log' );
	}
	$findings = [ ...$findings, ...attentionFindings( $status ) ];
	usort( $findings, static fn ( $a, $b ) => strcmp( $a->severity, $b->severity ) );
	return $findings;
}

/** @return Finding[] */
function settingsFindings(): array {
	$fault = faultOfSettings();
	return $fault === null ? []
		: [ new Finding( 'error', 'settings', LOCAL_SETTINGS . " is not valid PHP: $fault", 'correct that line' ) ];
}

/**
 * @param array<string, string> $services states by unit
 * @return Finding[]
 */
function serviceFindings( array $services ): array {
	$findings = [];
	$mode = front()['mode'];
	$ports = [
		'varnish' => [ $mode === FRONT_VARNISH ? 80 : 6081, [ 'varnishd', 'cache-main' ] ],
		'apache2' => [ $mode === FRONT_APACHE ? 80 : 8080, [ 'apache2' ] ],
		basename( WEB_SERVICE, '.service' ) => [ 8080, [ 'apache2' ] ],
	];
	foreach ( $services as $unit => $state ) {
		if ( $state === 'active' || $state === 'unknown' ) {
			continue;
		}
		[ $port, $own ] = $ports[$unit] ?? [ 0, [] ];
		$holder = $port === 0 ? null : portHolder( $port );
		if ( $holder !== null && !in_array( $holder, $own, true ) ) {
			$findings[] = new Finding( 'error', 'port', "$unit does not run ($state): $holder has port $port",
				$port === 80 ? 'have it use another port, then `mediawiki-full setup --restart`; or `mediawiki-full take-port-80` stops it for good'
					: "stop $holder for good, or have it use another port; then `mediawiki-full setup --restart`" );
		} else {
			$findings[] = new Finding( 'error', 'service', "$unit does not run ($state)",
				"`journalctl --unit=$unit` says why; `systemctl restart $unit`" );
		}
	}
	return $findings;
}

/** The program that listens on a TCP port of this machine, or null where there is none or it cannot be told. */
function portHolder( int $port ): ?string {
	$result = run( [ 'ss', '--no-header', '--listening', '--tcp', '--numeric', '--processes', "sport = :$port" ], '', null, 10 );
	return preg_match( '/users:\(\("([^"]+)"/', $result->output, $match ) ? $match[1] : null;
}

/**
 * @param array<string, mixed> $status
 * @return Finding[]
 */
function setupFindings( array $status ): array {
	$setup = $status['wiki']['setup'];
	if ( $status['restoring'] !== null ) {
		return [ new Finding( 'error', 'restore', 'a restore was interrupted', '`mediawiki-full restore` goes on with it' ) ];
	}
	if ( ( adoption()['phase'] ?? '' ) === 'begun' ) {
		return [ new Finding( 'error', 'adopt', isset( adoption()['imported'] ) ? 'an import is under way, or was interrupted'
			: 'an adoption is under way, or was interrupted',
			isset( adoption()['imported'] ) ? '`mediawiki-full import` again takes it back first' : '`mediawiki-full adopt --undo` takes it back' ) ];
	}
	if ( str_starts_with( $setup, 'pending: ' ) ) {
		return [ new Finding( 'error', 'setup', 'the setup waits: ' . substr( $setup, 9 ), 'then `mediawiki-full setup`' ) ];
	}
	if ( $setup === FOREIGN ) {
		return [ new Finding( 'warning', 'adopt', 'the wiki of this machine is from before, and uses none of the caches',
			'`mediawiki-full adopt --dry-run` shows what it would be given' ) ];
	}
	$found = [
		'missing' => [ 'there is no wiki yet', '`mediawiki-full setup` makes it' ],
		'update due' => [ 'the database is not what the installed version needs', '`mediawiki-full setup`' ],
	][$setup] ?? null;
	return $found === null ? [] : [ new Finding( 'error', 'setup', ...$found ) ];
}

/**
 * What works and needs somebody all the same.
 *
 * @param array<string, mixed> $status
 * @return Finding[]
 */
function attentionFindings( array $status ): array {
	$findings = [];
	if ( $status['access']['registration'] === false && $status['access']['choice'] !== 'private' ) {
		$findings[] = new Finding( 'warning', 'captchas', 'nobody can register: there are no pictures to show',
			'`mediawiki-full captchas` makes them, or says why not' );
	}
	if ( ( $status['jobs']['waiting'] ?? 0 ) > MANY_JOBS ) {
		$findings[] = new Finding( 'warning', 'jobs', "{$status['jobs']['waiting']} jobs wait",
			'`journalctl --unit=mediawiki-full-jobs` shows whether they are done; this takes time on a small machine' );
	}
	foreach ( freeBytes() as $folder => $free ) {
		if ( $free < LITTLE_ROOM ) {
			$findings[] = new Finding( 'warning', 'disk', "the disk of $folder has " . megabytes( $free ) . ' left',
				'make room: edits, uploads and dumps fail on a full disk' );
		}
	}
	return $findings;
}

/** @return array<string, int> of each disk that the wiki writes to, by a folder on it */
function freeBytes(): array {
	$disks = [];
	foreach ( [ DATA_DIR, '/var/lib/mysql', LOG_DIR, '/tmp' ] as $folder ) {
		$device = @stat( $folder )['dev'] ?? null;
		$free = @disk_free_space( $folder );
		if ( $device !== null && $free !== false ) {
			$disks[$device] ??= [ $folder, (int)$free ];
		}
	}
	return array_column( $disks, 1, 0 );
}
