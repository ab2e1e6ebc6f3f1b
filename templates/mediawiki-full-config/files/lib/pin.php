<?php
/**
 * Holding the machine at one snapshot: the frozen view as an apt source, and a
 * pin for each package of the set, above the archive's own of 1001.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/**
 * Where the pin stands. apt takes the first record that names a package, so the file has to sort before that of
 * the archive's keyring package and whatever else there is.
 */
function pinFile(): string {
	return '/etc/apt/preferences.d/00-' . theSet()['archive']['name'] . '-snapshot';
}

function pinSourceFile(): string {
	return SOURCES_DIR . '/' . theSet()['archive']['name'] . '-snapshot.sources';
}

/** The snapshot that this machine is held at, or null. */
function pinnedSnapshot(): ?string {
	$text = (string)@file_get_contents( pinSourceFile() );
	return is_file( pinFile() ) && preg_match( '#^URIs: .*/snapshot/(\d{8}T\d{6}Z)$#m', $text, $match ) ? $match[1] : null;
}

/** @return array<string, string> versions by package that the pin holds */
function pinnedVersions(): array {
	preg_match_all( '/^Package: (\S+)\nPin: version (\S+)$/m', (string)@file_get_contents( pinFile() ), $found );
	return array_combine( $found[1], $found[2] );
}

/**
 * Holds the machine at a snapshot and takes it there.
 *
 * @param bool $apply move packages too, or only write apt's configuration
 */
function pin( string $id, bool $apply ): int {
	if ( !preg_match( '/^\d{8}T\d{6}Z$/', $id ) ) {
		fwrite( STDERR, "mediawiki-full: \"$id\" is not a snapshot id; an example is 20261123T101530Z\n" );
		return 2;
	}
	assertNoRestore();
	$live = liveIndex();
	$work = '/run/mediawiki-full-pin-' . bin2hex( random_bytes( 6 ) );
	ensureDirectory( $work, 0755 );
	try {
		$packages = packagesIn( fetchFrozen( $id, $live, "$work/snapshot.sources" ) );
		$versions = heldVersions( $packages );
		if ( !isset( $versions[CONFIG_PACKAGE] ) ) {
			throw new Fault( "snapshot $id has no " . CONFIG_PACKAGE . ', so it does not belong to this set. Nothing was changed' );
		}
		assertSchemaAllows( $packages[CONFIG_PACKAGE][0], $id );
	} catch ( Fault $fault ) {
		forgetFrozen( "$work/snapshot.sources" );
		throw $fault;
	} finally {
		removeTree( $work );
	}

	$before = [ pinFile() => @file_get_contents( pinFile() ), pinSourceFile() => @file_get_contents( pinSourceFile() ) ];
	$replaced = pinnedSnapshot();
	writeFile( pinSourceFile(), frozenSourceText( $live->base, $live->suite, $live->area, $id ), 0644 );
	writeFile( pinFile(), pinText( $id, $versions ), 0644 );
	$wanted = array_intersect_key( $versions, installedSet() );
	$moves = missingVersions( $wanted );
	if ( $apply && $moves !== [] && runInSight( [ 'apt-get', ...installArguments( $wanted ) ] ) !== 0 ) {
		return pinFailed( $id, $before, $moves );
	}
	if ( $replaced !== null && $replaced !== $id ) {
		say( "this machine was held at $replaced before" );
	}
	say( "this machine is held at snapshot $id" . ( $apply || $moves === [] ? '' :
		'; `apt-get dist-upgrade --allow-downgrades` takes it there' ) );
	say( '`mediawiki-full unpin` lets it follow the suite again' );
	return 0;
}

/**
 * apt did not do it. Where it has moved nothing, the pin goes as well: a machine must not be held at what it
 * refuses to install.
 *
 * @param array<string, string|false> $before files as they were
 * @param array<string, string> $moves
 */
function pinFailed( string $id, array $before, array $moves ): int {
	if ( missingVersions( $moves ) === $moves ) {
		forgetFrozen( pinSourceFile() );
		foreach ( $before as $path => $text ) {
			$text === false ? @unlink( $path ) : writeFile( $path, $text, 0644 );
		}
		if ( $before[pinSourceFile()] !== false ) {
			run( [ 'apt-get', ...onlySource( pinSourceFile() ), '-q', 'update' ], '', null, 900 );
		}
		throw new Fault( "apt-get did not install snapshot $id (see above), so this machine is not held at it" );
	}
	throw new Fault(
		"apt-get stopped halfway on the way to snapshot $id (see above). The pin stays: when the cause is gone, run " .
		"`dpkg --configure -a` and `mediawiki-full pin $id` again"
	);
}

/** @param array<string, string> $versions */
function pinText( string $id, array $versions ): string {
	$text = '';
	foreach ( $versions as $package => $version ) {
		$text .= "Explanation: snapshot $id, held by `mediawiki-full pin`; `mediawiki-full unpin` ends it\n" .
			"Package: $package\nPin: version $version\nPin-Priority: 1002\n\n";
	}
	return $text;
}

/**
 * Refuses what apt-guard would refuse, before anything is written.
 *
 * @param array<string, string> $config paragraph of the configuration package that is wanted
 */
function assertSchemaAllows( array $config, string $id ): void {
	$installed = packageVersion( CONFIG_PACKAGE );
	if ( $installed === null ) {
		return;
	}
	$check = run( [ 'env', 'MEDIAWIKI_FULL_SCHEMA_DOWNGRADE=' . (string)getenv( 'MEDIAWIKI_FULL_SCHEMA_DOWNGRADE' ),
		SHARE_DIR . '/apt-guard', 'move', $config['Version'], $installed, $config['Lockstep-Schema'] ?? '' ], '', null, 30 );
	if ( $check->status === 10 ) {
		fwrite( STDERR, $check->errors );
		throw new Fault( "snapshot $id needs another database schema, so this machine is not held at it" );
	}
}

/**
 * Follows the suite again.
 *
 * @param bool $apply move the set to what the suite has
 */
function unpin( bool $apply ): int {
	assertNoRestore();
	$id = pinnedSnapshot();
	$was = is_file( pinFile() ) || is_file( pinSourceFile() );
	@unlink( pinFile() );
	forgetFrozen( pinSourceFile() );
	say( $was ? 'this machine is no longer held' . ( $id === null ? '' : " at snapshot $id" ) :
		'this machine was not held at a snapshot' );
	if ( runInSight( [ 'apt-get', '-q', 'update' ] ) !== 0 ) {
		say( 'apt-get update failed (see above); the machine follows the suite as soon as it goes through' );
	}
	if ( !$apply ) {
		say( '`apt-get dist-upgrade --allow-downgrades`, or unattended-upgrades, moves it on; so does `mediawiki-full unpin --apply`' );
		return 0;
	}
	$packages = array_keys( installedSet() );
	if ( runInSight( [ 'apt-get', '-y', '--allow-downgrades', '--no-remove', '-o', 'DPkg::Lock::Timeout=120',
		'install', ...$packages ] ) !== 0 ) {
		throw new Fault( 'apt-get did not move the set on (see above)' );
	}
	return 0;
}
