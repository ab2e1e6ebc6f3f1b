<?php
/**
 * The daemons of the set: starting them with our configuration, and telling
 * whether they run. Obeys policy-rc.d while packages are installed.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const JOBS_SERVICE = 'mediawiki-full-jobs.service';

/** The wiki's own PHP; that of the package may serve others. */
function phpService(): string {
	return 'mediawiki-full-php.service';
}

/** start, stop or restart, by the way that Policy 9.3.3 asks of maintainer scripts. */
function service( string $action, string $unit ): bool {
	if ( !systemdRuns() ) {
		return false;
	}
	// deb-systemd-invoke says what was not done; it matters to nobody where a policy forbids it
	return run( [ 'deb-systemd-invoke', $action, $unit ], '', null, 180 )->ok();
}

/**
 * Has the daemons take up what this package configures. Apache leaves port 80
 * before Varnish takes it. Varnish starts empty, as it has to after an upgrade:
 * the same address may have other bytes. An Apache that serves other sites goes on.
 */
function restartFrontEnds(): void {
	$changed = linkDropIns();
	if ( !systemdRuns() ) {
		return;
	}
	run( [ 'systemctl', 'daemon-reload' ], '', null, 60 );
	prepareCaches();
	// Strangers' shares follow the number of PHP's processes
	writeMachineVcl();
	service( 'restart', phpService() );
	if ( webService() === WEB_SERVICE && in_array( 'varnish', $changed, true ) ) {
		// It had port 80 until now
		service( 'stop', 'varnish.service' );
	}
	if ( webService() === WEB_SERVICE && in_array( 'apache2', $changed, true ) ) {
		service( 'restart', 'apache2.service' );
	}
	service( 'restart', webService() );
	if ( !varnishIsTheirs() ) {
		service( 'restart', 'varnish.service' );
		waitForVarnish();
	}
	$units = [ ...( varnishIsTheirs() ? [] : [ 'varnish.service' ] ), webService() ];
	$states = [];
	foreach ( $units as $unit ) {
		$states[basename( $unit, '.service' )] = serviceState( $unit );
	}
	foreach ( serviceFindings( $states ) as $finding ) {
		say( "$finding->what. To do: $finding->do" );
	}
}

/** varnishd says that it runs before it has compiled its VCL: who installs the wiki finds it answering. */
function waitForVarnish(): void {
	for ( $tries = 0; $tries < 150 && serviceState( 'varnish.service' ) === 'active'; $tries++ ) {
		// Not a connection to port 80: another program may have that
		if ( str_contains( run( [ 'varnishadm', 'status' ], '', null, 10 )->output, 'running' ) ) {
			return;
		}
		usleep( 200000 );
	}
}

/** @return string active, inactive, failed, ... or unknown */
function serviceState( string $unit ): string {
	if ( !systemdRuns() ) {
		return 'unknown';
	}
	for ( $tries = 0; ; $tries++ ) {
		$shown = run( [ 'systemctl', 'show', '--property=ActiveState,Job', $unit ], '', null, 20 )->output;
		$state = preg_match( '/^ActiveState=(.+)$/m', $shown, $match ) ? $match[1] : '';
		// Somebody else's restart is under way, or waits for its turn
		$settled = !in_array( $state, [ 'activating', 'deactivating', 'reloading' ], true ) && !preg_match( '/^Job=[1-9]/m', $shown );
		if ( $settled || $tries >= 20 ) {
			break;
		}
		usleep( 500000 );
	}
	return $state === '' ? 'unknown' : $state;
}
