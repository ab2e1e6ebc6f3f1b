<?php
/**
 * Setting up, as far as it can go at this moment, and bringing up to date what
 * is set up: the same steps for installation, upgrade, trigger and boot, each
 * of which does nothing where nothing is to do.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** There while the setup waits for a database; mediawiki-full-setup.service looks at it. */
const PENDING_MARK = DATA_DIR . '/setup-pending';
/** How long a database that was just started may take. */
const DATABASE_PATIENCE = 60;

/**
 * @param bool $orLater where no database runs, leave a mark for the next boot instead of failing
 * @param bool $updateAnyway run update.php although nothing has changed
 * @param bool $restart have the daemons read their configuration again although nothing has changed
 */
function setup( bool $orLater, bool $updateAnyway, bool $restart ): int {
	if ( $orLater && restoreState() !== null ) {
		// It moves packages, whose scripts come here: the database and the services are its own affair meanwhile
		return 0;
	}
	assertNoRestore();
	decideFront();
	ensureDataDirectories();
	restoreKept();
	$there = is_file( LOCAL_SETTINGS );
	if ( $there && !wikiIsOurs() ) {
		return leaveForeignWiki( $restart );
	}
	$due = !$there || $updateAnyway || !databaseIsCurrent();
	$kind = $there ? databaseKind() : chosenDatabase();
	$wait = $due ? reasonToWait( $kind, $orLater ) : null;
	if ( $wait !== null ) {
		writeFile( PENDING_MARK, "$wait\n", 0644 );
		if ( !$orLater ) {
			throw new Fault( $wait );
		}
		say( "$wait. The setup of the wiki goes on at the next boot, or with `mediawiki-full setup`" );
		if ( $restart ) {
			restartFrontEnds();
			sayFront();
		}
		return 0;
	}
	if ( $due ) {
		if ( $there && dumpIsDue() ) {
			// Told while everything is as it was
			assertRoomForDump( wikiDatabase() );
		}
		settleServerUrl();
		service( 'stop', JOBS_SERVICE );
		if ( !$there ) {
			say( "installing the wiki ($kind)" );
			installWiki( $kind );
		}
		updateDatabase();
		ensureDataDirectories();
		if ( in_array( accessOfWiki(), [ 'open', 'registered' ], true ) ) {
			makeCaptchas();
		}
	}
	@unlink( PENDING_MARK );
	if ( $due || $restart ) {
		restartFrontEnds();
		renewApacheFront();
		writeSite();
		service( 'restart', JOBS_SERVICE );
	}
	if ( !$there ) {
		sayFront();
	}
	return 0;
}

/** What was chosen, where it can be had. */
function chosenDatabase(): string {
	$chosen = readChoices()['database'];
	if ( $chosen === 'mariadb' && !mariadbIsInstalled() ) {
		throw new Fault(
			'MariaDB is the chosen database and not installed. Install mariadb-server, or choose SQLite with ' .
			'`dpkg-reconfigure mediawiki-full-config`; then run `mediawiki-full setup`'
		);
	}
	return $chosen;
}

/** Why nothing can be done to the database now, or null. */
function reasonToWait( string $kind, bool $orLater ): ?string {
	if ( $orLater && !systemdRuns() ) {
		// A chroot or an image in the making: its name, keys and database belong to the machine it becomes
		return 'no services run here';
	}
	return $kind !== 'mariadb' ? null : wikiDatabase()->fault( DATABASE_PATIENCE );
}

/** A LocalSettings.php from before us: it stays as it is, and answers as it did. */
function leaveForeignWiki( bool $restart ): int {
	say( LOCAL_SETTINGS . ' exists, so this machine has a wiki. It does not change, and does not use the caches of this set.' );
	say( '`mediawiki-full adopt --dry-run` shows what it would be given, `mediawiki-full adopt` does it, `adopt --undo` takes it back.' );
	@unlink( PENDING_MARK );
	if ( $restart ) {
		restartFrontEnds();
	}
	return 0;
}
