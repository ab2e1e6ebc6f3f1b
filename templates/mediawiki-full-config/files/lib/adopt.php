<?php
/**
 * `mediawiki-full adopt`: a wiki that is on this machine gets the set's caches,
 * job queue, processes of PHP and care for its database, and stays where it
 * is: its addresses, uploads, settings and data are not moved. What is changed
 * is noted first (changes.php), so that `adopt --undo` takes all of it back.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const ADOPTED_BLOCK = <<<'TEXT'

# --- mediawiki-full -----------------------------------------------------
# This wiki was adopted: caches, job queue and the set's Parsoid, and nothing
# else. `mediawiki-full adopt --undo` takes this block away. Write your own
# settings below it, and they win over it.
if ( is_readable( '/usr/share/mediawiki-full/adopted.php' ) ) {
	require_once '/usr/share/mediawiki-full/adopted.php';
}
# ------------------------------------------------------------------------

TEXT;

/** What adopting the wiki would do: looked at, and nothing changed. */
final class AdoptionPlan {
	/**
	 * @param array<string, bool> $hosts where Apache serves this wiki, "old.example.org:80", and whether the wiki calls
	 *   itself the same there as everywhere: Varnish keeps one page for all
	 * @param string[] $restrictions why pages are not kept for visitors; none: they are
	 */
	public function __construct(
		public readonly ExistingWiki $wiki,
		public readonly string $setVersion,
		public readonly array $hosts,
		public readonly array $restrictions,
		public readonly ?int $databaseBytes
	) {
	}

	public function schemaMoves(): bool {
		return $this->wiki->version !== $this->setVersion;
	}

	public function keepsPages(): bool {
		return $this->hostsKept() !== [] && $this->restrictions === [];
	}

	/** @return string[] */
	public function hostsKept(): array {
		return array_keys( array_filter( $this->hosts ) );
	}

	/** Whether the machine's Apache hands on to us. */
	public function inApache(): bool {
		return front()['mode'] === FRONT_APACHE;
	}
}

/**
 * @param string|null $folder of a wiki that is no package's
 * @param bool $cache keep pages for visitors although Apache's configuration restricts some
 * @param bool $replace a wiki of ours that somebody has written in
 */
function planAdoption( ?string $folder, bool $cache, bool $replace ): AdoptionPlan {
	if ( adoption() !== null ) {
		throw new Fault( 'a wiki was adopted already; `mediawiki-full adopt --undo` first' );
	}
	if ( $folder === null && wikiIsOurs() ) {
		throw new Fault( 'the wiki of this machine is ours already' );
	}
	if ( $folder !== null && is_file( LOCAL_SETTINGS ) && realpath( $folder ) !== PACKAGED_FOLDER ) {
		assertReplaceable( $replace, 'its database stays, and `adopt --undo` brings it back' );
	}
	$wiki = findExisting( $folder );
	$set = (string)mediawikiVersion( PACKAGED_CODE );
	$fault = faultOfVersion( $wiki->version, $set ) ?? $wiki->database()->fault( DATABASE_PATIENCE );
	if ( $fault !== null ) {
		throw new Fault( "this wiki cannot be adopted: $fault. Nothing was changed" );
	}
	$hosts = front()['mode'] === FRONT_APACHE ? hostsOfWiki( $wiki ) : [];
	$restrictions = front()['mode'] !== FRONT_APACHE || $cache ? []
		: [ ...apacheRestrictions( $wiki->prefixes(), foldersOfWiki( $wiki ), array_keys( $hosts ) ), ...looksAtVisitors( $wiki->settings ) ];
	return new AdoptionPlan( $wiki, $set, $hosts, $restrictions, sizeOf( $wiki->database() ) );
}

/**
 * Refuses where the wiki that is here by now is somebody's: a machine has one.
 *
 * @param string $kept what becomes of it, in words
 */
function assertReplaceable( bool $replace, string $kept ): void {
	if ( !wikiIsOurs() ) {
		throw new Fault( LOCAL_SETTINGS . ' is another wiki, and a machine has one' );
	}
	// What MediaWiki's installer makes: one page, one account
	$edits = wikiDatabase()->number( 'SELECT COUNT(*) FROM {revision}' );
	$people = wikiDatabase()->number( 'SELECT COUNT(*) FROM {user} WHERE user_editcount > 0' );
	if ( !$replace && ( $edits === null || $edits > 1 || $people > 1 ) ) {
		throw new Fault( 'the wiki of this machine has ' . ( $edits ?? 'an unknown number of' ) . ' edits, and could no longer be reached. ' .
			'With --replace that is done; ' . $kept );
	}
}

/** @return string[] folders that Apache may have the wiki's programs from */
function foldersOfWiki( ExistingWiki $wiki ): array {
	return $wiki->isPackaged() ? [ PACKAGED_FOLDER, PACKAGED_CODE ] : [ $wiki->folder ];
}

/**
 * The names under which Apache's sites on ports 80 and 443 have this wiki, tried out.
 *
 * @return array<string, bool> as AdoptionPlan has them
 */
function hostsOfWiki( ExistingWiki $wiki ): array {
	$script = (string)$wiki->values['ScriptPath'];
	$own = strtolower( (string)parse_url( (string)$wiki->values['Server'], PHP_URL_HOST ) );
	$found = [];
	foreach ( [ 80, 443 ] as $port ) {
		$names = apacheNames()[$port] ?? [];
		foreach ( array_unique( [ ...$names, ...( $names === [] ? [] : array_filter( [ $own, 'localhost', strtolower( machineName() ) ] ) ) ] ) as $name ) {
			$answer = askHost( $port, $name, "$script/api.php?action=query&meta=siteinfo&siprop=general&format=json" );
			$general = json_decode( $answer, true )['query']['general'] ?? null;
			if ( is_array( $general ) && ( $general['wikiid'] ?? '' ) === wikiId( $wiki ) ) {
				$found["$name:$port"] = ( $general['server'] ?? '' ) === $wiki->values['Server'];
			}
		}
	}
	return $found;
}

/** As MediaWiki tells it in siteinfo. */
function wikiId( ExistingWiki $wiki ): string {
	$prefix = (string)$wiki->values['DBprefix'];
	return $wiki->values['DBname'] . ( $prefix === '' ? '' : "-$prefix" );
}

/** What this machine answers on a port to whoever asks for a host. */
function askHost( int $port, string $host, string $path ): string {
	$context = stream_context_create( [
		'http' => [ 'timeout' => 20, 'ignore_errors' => true, 'follow_location' => 0, 'header' => "Host: $host" ],
		// It is asked for on this machine, whatever its certificate says
		'ssl' => [ 'verify_peer' => false, 'verify_peer_name' => false, 'peer_name' => $host ],
	] );
	return (string)@file_get_contents( ( $port === 443 ? 'https' : 'http' ) . "://127.0.0.1:$port$path", false, $context );
}

/** @return string[] for people */
function textOfPlan( AdoptionPlan $plan ): array {
	$wiki = $plan->wiki;
	$values = $wiki->values;
	$lines = [
		[ 'wiki', "\"{$values['Sitename']}\", MediaWiki $wiki->version, in $wiki->folder" ],
		[ 'addresses', "stay: {$values['Server']}" . str_replace( '$1', 'Title', (string)$values['ArticlePath'] ) .
			", {$values['Server']}{$values['ScriptPath']}/index.php, and all others that lead there" ],
		[ 'settings', "$wiki->settings: one marked block at its end" ],
		[ 'database', $wiki->database()->text() . ': stays; a dump is made first' .
			( $plan->databaseBytes === null ? '' : ' (' . megabytes( $plan->databaseBytes ) . ' at most)' ) ],
		[ 'schema', $plan->schemaMoves() ? "is brought from MediaWiki $wiki->version to $plan->setVersion by update.php"
			: "stays: the set has MediaWiki $plan->setVersion too" ],
		[ 'uploads', "stay in {$values['UploadDirectory']}" ],
		[ 'access', 'stays as LocalSettings.php has it' ],
	];
	if ( !$wiki->isPackaged() ) {
		$lines[] = [ 'code', "the set's, by links; the code that is in $wiki->folder is kept in " . keptTree( $wiki->folder ) ];
		foreach ( $wiki->extras as $extra ) {
			$lines[] = [ '', "$extra is not in the set: the wiki's own stays in use" ];
		}
	}
	if ( $plan->inApache() ) {
		$lines[] = [ 'web server', "Apache keeps port 80 and its sites; PHP of this wiki runs in the set's own processes" ];
		$lines[] = [ 'cache', $plan->keepsPages() ? 'Varnish keeps pages for visitors of ' . implode( ', ', $plan->hostsKept() )
			: 'Varnish keeps no pages' . ( $plan->hosts === [] ? ': Apache has this wiki under no name that could be found'
				: ( $plan->hostsKept() === [] ? ': the wiki calls itself otherwise under each of its names'
				: ', because the response may depend on the visitor (--cache turns the cache on anyway):' ) ) ];
		foreach ( $plan->restrictions as $restriction ) {
			$lines[] = [ '', $restriction ];
		}
	} else {
		$lines[] = [ 'web server', ( portUnit( 80 ) ?? 'the existing one' ) . ' does not change, nor do its PHP and addresses' ];
		$lines[] = [ 'cache', 'memcached; Varnish keeps no pages, because no request comes its way' ];
	}
	$lines[] = [ 'jobs', 'are run by ' . JOBS_SERVICE . ', not by visitors\' requests' ];
	return array_map( static fn ( $line ) => sprintf( '%-11s %s', ...$line ), $lines );
}

/**
 * The command.
 *
 * @param string|null $folder of a wiki that is no package's
 */
function adopt( ?string $folder, bool $dryRun, bool $cache, bool $replace ): int {
	assertNoRestore();
	$begun = adoption();
	if ( $begun !== null && $begun['phase'] === 'begun' ) {
		if ( $begun['imported'] ?? false ) {
			throw new Fault( "an import was interrupted; `mediawiki-full import` again takes it back first" );
		}
		say( 'an adoption was interrupted, and is taken back first' );
		undoAdoption();
	}
	$plan = planAdoption( $folder, $cache, $replace );
	if ( $dryRun ) {
		echo implode( "\n", textOfPlan( $plan ) ), "\n";
		return 0;
	}
	foreach ( textOfPlan( $plan ) as $line ) {
		say( $line );
	}
	$changes = new Changes( recordOf( $plan ) );
	// A full disk is told here, before anything is changed
	$note = dumpDatabase( $plan->wiki->database(), 'before-adoption', [ 'mediawiki' => $plan->wiki->version, 'set' => [] ] );
	say( 'the database was dumped to ' . DUMP_DIR . "/{$note['file']}" );
	$changes->record['dump'] = $note['name'];
	$changes->save();
	try {
		performAdoption( $plan, $changes );
	} catch ( \Exception $fault ) {
		say( 'something went wrong, so all of it is taken back' );
		undoAdoption();
		throw new Fault( $fault->getMessage() . '. The wiki is as it was' );
	}
	$changes->record['phase'] = 'done';
	$changes->save();
	say( "this wiki is adopted. `mediawiki-full adopt --undo` takes it back" );
	return 0;
}

/** @return array<string, mixed> what has to be known of an adopted wiki from now on */
function recordOf( AdoptionPlan $plan ): array {
	$wiki = $plan->wiki;
	return [
		'format' => ADOPTION_FORMAT,
		'phase' => 'begun',
		'time' => gmdate( 'Y-m-d\TH:i:s\Z' ),
		'folder' => $wiki->folder,
		'settings' => $wiki->settings,
		'version' => $wiki->version,
		'scriptPath' => (string)$wiki->values['ScriptPath'],
		'articlePath' => (string)$wiki->values['ArticlePath'],
		'database' => $wiki->database()->kind,
		'hosts' => $plan->hostsKept(),
		'inApache' => $plan->inApache(),
		'keepsPages' => $plan->keepsPages(),
		'schemaMoved' => false,
		'dump' => null,
		// Of the new wiki that was here, where there was one
		'stamp' => is_file( STAMP_FILE ) ? (string)file_get_contents( STAMP_FILE ) : null,
	];
}

function performAdoption( AdoptionPlan $plan, Changes $changes ): void {
	$wiki = $plan->wiki;
	$before = answersOf( $plan );
	ensureDataDirectories();
	$changes->disable( 'mediawiki-jobrunner.service' );
	if ( !$wiki->isPackaged() ) {
		exchangeTree( $wiki, $changes );
	}
	adoptSettings( $wiki, $changes );
	adoptChoices( $plan, $changes );
	$writable = array_unique( array_filter( [ (string)$wiki->values['UploadDirectory'], dirname( $wiki->database()->file ) ],
		static fn ( $path ) => str_starts_with( $path, '/' ) && $path !== '/' ) );
	$changes->write( DROP_INS . '/' . JOBS_SERVICE . '.d/adopted.conf',
		"# What the jobs of the adopted wiki write to\n[Service]\nReadWritePaths=-" . implode( ' -', $writable ) . "\n" );
	adoptPhpSettings( $changes );
	assertReached();
	writeFile( PATHS_FILE, pathsText( $changes->record ), 0644 );
	writeMachineVcl();
	if ( $plan->schemaMoves() ) {
		$changes->record['schemaMoved'] = true;
		$changes->save();
		say( "bringing the database from MediaWiki $wiki->version to $plan->setVersion" );
		updateDatabase();
	} else {
		writeStamp();
	}
	if ( $plan->inApache() ) {
		adoptApache( $changes );
	}
	ensureDataDirectories();
	run( [ 'systemctl', 'daemon-reload' ], '', null, 60 );
	restartFrontEnds();
	service( 'reload', 'apache2.service' );
	service( 'restart', JOBS_SERVICE );
	assertSameAnswers( $plan, $before );
}

/** LocalSettings.php uses what we added: nothing ends it before. */
function assertReached(): void {
	$values = readSettings( PACKAGED_CODE );
	if ( $values['JobRunRate'] !== 0 ) {
		throw new Fault( LOCAL_SETTINGS . ' ends, by exit or return, before the block that was added at its end, or sets $wgJobRunRate after it' );
	}
}

function adoptSettings( ExistingWiki $wiki, Changes $changes ): void {
	// What an adoption left that is not known of any more
	$text = str_replace( ADOPTED_BLOCK, "\n", (string)file_get_contents( $wiki->settings ) );
	$text = rtrim( (string)preg_replace( '/\?>\s*$/', '', $text ) ) . "\n";
	$block = $wiki->isPackaged() ? ADOPTED_BLOCK :
		// Its code is elsewhere now; what it took from its own folder by default has to be said
		"\n# Where they are, which the code of the set would not find by itself (mediawiki-full)\n" .
		'$wgUploadDirectory = ' . var_export( (string)$wiki->values['UploadDirectory'], true ) . ";\n" .
		'$wgResourceBasePath = $wgScriptPath;' . "\n" . ADOPTED_BLOCK;
	$changes->record['block'] = $block;
	$changes->record['written'] = hash( 'sha256', $text . $block );
	$changes->write( $wiki->settings, $text . $block );
	if ( !$wiki->isPackaged() ) {
		// One file, where it was: what it includes beside it is found as before
		$changes->link( LOCAL_SETTINGS, $wiki->settings );
	}
}

/** wiki.conf says what the wiki is called, which debconf shows; what it cannot hold stays with LocalSettings.php. */
function adoptChoices( AdoptionPlan $plan, Changes $changes ): void {
	$wiki = $plan->wiki;
	$choices = [ 'page_cache' => $plan->keepsPages() ? 'yes' : 'no' ] + readChoices();
	foreach ( [ 'site_name' => 'Sitename', 'server_url' => 'Server', 'language' => 'LanguageCode' ] as $key => $name ) {
		$value = (string)$wiki->values[$name];
		$choices[$key] = faultOfChoice( $key, $value ) === null ? $value : '';
	}
	unset( $choices['access'] );
	$changes->write( CHOICES_FILE, choicesText( $choices ) );
}

/** What Apache's own PHP was told otherwise than Debian has it, our processes are told too. */
function adoptPhpSettings( Changes $changes ): void {
	$version = theSet()['phpVersion'];
	$theirs = @parse_ini_file( "/etc/php/$version/apache2/php.ini", false, INI_SCANNER_RAW ) ?: [];
	$plain = @parse_ini_file( "/usr/lib/php/$version/php.ini-production", false, INI_SCANNER_RAW ) ?: [];
	$lines = [];
	foreach ( $theirs as $name => $value ) {
		if ( is_string( $value ) && preg_match( '/^[a-z_.]+$/', $name ) && ( $plain[$name] ?? null ) !== $value &&
			!preg_match( '/^(?:session\.|error_log|display_|log_errors|opcache\.|extension)/', $name ) ) {
			$lines[] = "php_value[$name] = $value";
		}
	}
	if ( $lines !== [] ) {
		$changes->write( CONFIG_DIR . '/fpm.d/adopted.conf', "; As /etc/php/$version/apache2/php.ini has it\n" . implode( "\n", $lines ) . "\n" );
	}
}

/** Where code stays that is not in use any more. A purge of this package leaves it. */
function keptTree( string $folder ): string {
	return '/var/lib/mediawiki-adopted/' . trim( strtr( $folder, '/', '-' ), '-' );
}

/**
 * The set's code in the place of the code in a tree of somebody's: links to it, as Debian's own folder has them.
 * Uploads, .htaccess and all that is not MediaWiki's stay, and whatever Apache says of the folder holds as before.
 */
function exchangeTree( ExistingWiki $wiki, Changes $changes ): void {
	$kept = keptTree( $wiki->folder );
	$code = array_diff( scandir( PACKAGED_CODE ) ?: [], [ '.', '..', 'LocalSettings.php', 'images', 'config', 'cache' ] );
	foreach ( $code as $name ) {
		$path = "$wiki->folder/$name";
		if ( is_link( $path ) || file_exists( $path ) ) {
			$changes->keep( $path, "$kept/$name", PACKAGED_CODE . "/$name" );
		} else {
			$changes->link( $path, PACKAGED_CODE . "/$name" );
		}
	}
	foreach ( $wiki->extras as $extra ) {
		$changes->link( PACKAGED_CODE . "/$extra", "$kept/$extra" );
	}
}

/** @return array<string, string> what a visitor gets of the wiki, by address, to be compared: its name and id, or whether there was an answer */
function answersOf( AdoptionPlan $plan ): array {
	$answers = [];
	foreach ( array_keys( $plan->hosts ) as $host ) {
		[ $name, $port ] = explode( ':', $host );
		foreach ( [ str_replace( '$1', 'Special:BlankPage', (string)$plan->wiki->values['ArticlePath'] ),
			"{$plan->wiki->values['ScriptPath']}/api.php?action=query&meta=siteinfo&format=json" ] as $path ) {
			$answer = askHost( (int)$port, $name, $path );
			$general = json_decode( $answer, true )['query']['general'] ?? null;
			$answers["$host$path"] = $general === null ? ( $answer === '' ? 'nothing' : 'something' ) : "{$general['sitename']} {$general['wikiid']}";
		}
	}
	return $answers;
}

function assertSameAnswers( AdoptionPlan $plan, array $before ): void {
	for ( $tries = 0; $tries < 20; $tries++ ) {
		$after = answersOf( $plan );
		if ( $after === $before ) {
			return;
		}
		usleep( 500000 );
	}
	foreach ( $before as $address => $answer ) {
		if ( $after[$address] !== $answer ) {
			throw new Fault( "$address does not answer as it did" );
		}
	}
}

/** The command `adopt --undo`: everything as it was just before. */
function undoAdopt( bool $discard ): int {
	assertNoRestore();
	$adoption = adoption();
	if ( $adoption === null || ( $adoption['imported'] ?? false ) ) {
		throw new Fault( 'no wiki was adopted on this machine' . ( $adoption === null ? ''
			: ": this one was imported, and the one that was here before is the dump {$adoption['dump']}" ) );
	}
	if ( schemaHasToGoBack( $adoption ) ) {
		$lost = changesSince( $adoption['time'] );
		if ( $lost !== [] && !$discard ) {
			throw new Fault( 'the database was updated, so the undo restores the dump from before, and this would be lost: ' .
				implode( ', ', $lost ) . '. --discard-changes does so anyway, and keeps a dump of the current database' );
		}
	}
	undoAdoption();
	say( 'the wiki is as it was before it was adopted' );
	return 0;
}

/** The database was brought forward, and the code that comes back is older. */
function schemaHasToGoBack( array $adoption ): bool {
	return $adoption['schemaMoved'] && $adoption['version'] !== mediawikiVersion( PACKAGED_CODE );
}

/** @return string[] what was written in the wiki since then, in words */
function changesSince( string $time ): array {
	$stamp = preg_replace( '/\D/', '', $time );
	$database = wikiDatabase();
	$counts = [
		'edits' => $database->number( "SELECT COUNT(*) FROM {revision} WHERE rev_timestamp > '$stamp'" ),
		'uploads' => $database->number( "SELECT COUNT(*) FROM {image} WHERE img_timestamp > '$stamp'" ),
		'accounts' => $database->number( "SELECT COUNT(*) FROM {user} WHERE user_registration > '$stamp'" ),
	];
	$lost = array_filter( $counts, static fn ( $count ) => $count !== 0 );
	return array_map( static fn ( $what ) => "$what: " . ( $lost[$what] ?? 'it is not known how many' ), array_keys( $lost ) );
}

/** Everything as it was; also what an adoption that was interrupted had done by then. */
function undoAdoption(): void {
	$adoption = adoption();
	$changes = new Changes( (array)$adoption );
	service( 'stop', JOBS_SERVICE );
	if ( schemaHasToGoBack( $adoption ) && is_file( LOCAL_SETTINGS ) ) {
		// While its settings, and what they need, are where they were adopted
		$database = wikiDatabase();
		$saved = dumpDatabase( $database, 'before-undo', lastUpdate(), $adoption['dump'] );
		say( "the current database was dumped to {$saved['name']}" );
		loadInPlace( findDump( $adoption['dump'] ), $database );
	}
	keepEditedSettings( $changes );
	$changes->takeBack();
	removeTree( BEFORE_DIR );
	if ( ( $adoption['stamp'] ?? null ) === null ) {
		@unlink( STAMP_FILE );
	} else {
		writeFile( STAMP_FILE, $adoption['stamp'], 0644 );
	}
	@unlink( PATHS_FILE );
	@unlink( ADOPTION_FILE );
	writeMachineVcl();
	emptyMemcached();
	emptyFileCaches();
	run( [ 'systemctl', 'daemon-reload' ], '', null, 60 );
	restartFrontEnds();
	service( 'reload', 'apache2.service' );
	if ( wikiIsOurs() ) {
		service( 'restart', JOBS_SERVICE );
	}
}

/** Settings that somebody changed since lose our block, and nothing else. */
function keepEditedSettings( Changes $changes ): void {
	$file = $changes->record['settings'];
	$text = (string)@file_get_contents( $file );
	if ( !isset( $changes->record['block'] ) || hash( 'sha256', $text ) === $changes->record['written'] || !str_contains( $text, $changes->record['block'] ) ) {
		return;
	}
	say( "$file was changed since the wiki was adopted: it keeps the changes, without the block" );
	$changes->write( $file, str_replace( $changes->record['block'], "\n", $text ) );
	$changes->record['before'] = array_values( array_filter( $changes->record['before'], static fn ( $before ) => $before['path'] !== $file ) );
	$changes->save();
}
