<?php
/**
 * Who may read the wiki, register and edit: a marked block in
 * LocalSettings.php, and not the set's own settings, so that it holds whichever
 * version of them is installed. It is written when the wiki is made, and
 * changed by `mediawiki-full set access` alone.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const ACCESS_CHOICES = [ 'open', 'registered', 'private' ];
const IMAGES_DIR = DATA_DIR . '/images';
/** Where uploads of a private wiki lie: no version of our Apache configuration serves it. */
const PRIVATE_IMAGES_DIR = DATA_DIR . '/private-images';
const CAPTCHA_DIR = DATA_DIR . '/captcha';
/** There when pictures can be shown; until then nobody can register. */
const CAPTCHA_MARK = CAPTCHA_DIR . '/ready';
const CAPTCHA_COUNT = 200;
const CAPTCHA_FONT = '/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf';

const ACCESS_BLOCK = '/^# --- mediawiki-full: access (\w+) -+\n.*?^# --- mediawiki-full: end of access -+\n/ms';

/** What LocalSettings.php says in our block; null where it has none, and the wiki is as its own settings have it. */
function accessOfWiki(): ?string {
	$text = is_file( LOCAL_SETTINGS ) ? (string)file_get_contents( LOCAL_SETTINGS ) : '';
	return preg_match( ACCESS_BLOCK, $text, $match ) ? $match[1] : null;
}

function accessBlock( string $access ): string {
	$may = static fn ( bool $may ): string => $may ? 'true' : 'false';
	$read = $may( $access !== 'private' );
	$edit = $may( $access === 'open' );
	$lines = [
		"# `mediawiki-full set access " . implode( '|', ACCESS_CHOICES ) . "` changes this block. It stands",
		'# here so that no other version of the set opens the wiki. Your own lines below it take precedence.',
		"\$wgGroupPermissions['*']['read'] = $read;",
		"\$wgGroupPermissions['*']['createaccount'] = $read && is_file( '" . CAPTCHA_MARK . "' );",
		"\$wgGroupPermissions['*']['edit'] = $edit;",
		"\$wgGroupPermissions['*']['createpage'] = $edit;",
		"\$wgGroupPermissions['*']['createtalk'] = $edit;",
	];
	if ( $access === 'private' ) {
		$lines = [ ...$lines,
			'# Uploads go through MediaWiki, which looks who asks',
			"\$wgUploadDirectory = '" . PRIVATE_IMAGES_DIR . "';",
			"\$wgUploadPath = '/img_auth.php';",
		];
	} else {
		$lines = [ ...$lines,
			'# Strangers show that they are people: when they register, fail to log in, or put addresses into pages',
			'if ( is_file( "$IP/extensions/ConfirmEdit/FancyCaptcha/extension.json" ) ) {',
			"	wfLoadExtensions( [ 'ConfirmEdit', 'ConfirmEdit/FancyCaptcha' ] );",
			"	\$wgCaptchaClass = 'FancyCaptcha';",
			"	\$wgCaptchaDirectory = '" . CAPTCHA_DIR . "';",
			"	\$wgCaptchaSecret = hash( 'sha256', \"captcha \$wgSecretKey\" );",
			"	\$wgCaptchaTriggers = [ 'createaccount' => true, 'badlogin' => true, 'addurl' => true,",
			"		'create' => $edit, 'edit' => $edit, 'sendemail' => true ] + ( \$wgCaptchaTriggers ?? [] );",
			"	\$wgGroupPermissions['autoconfirmed']['skipcaptcha'] = true;",
			'}',
			'# Who is new stays so for a day and five edits',
			'$wgAutoConfirmAge = 86400;',
			'$wgAutoConfirmCount = 5;',
		];
	}
	$title = "# --- mediawiki-full: access $access ";
	return str_pad( $title, 72, '-' ) . "\n" . implode( "\n", $lines ) . "\n" .
		str_pad( '# --- mediawiki-full: end of access ', 72, '-' ) . "\n";
}

/** The text of a LocalSettings.php with the block, in the place of the one that is there or at the end. */
function withAccess( string $text, string $access ): string {
	$block = accessBlock( $access );
	$replaced = preg_replace_callback( ACCESS_BLOCK, static fn () => $block, $text, 1, $count );
	return $count === 1 ? (string)$replaced : rtrim( $text ) . "\n\n$block";
}

/** Changes who may, at once: who is to be kept out gets no page from a cache either. */
function setAccess( string $access ): int {
	if ( !is_file( LOCAL_SETTINGS ) || !wikiIsOurs() ) {
		throw new Fault( LOCAL_SETTINGS . ' is not ours to change: `mediawiki-full adopt` makes it so' );
	}
	$text = (string)file_get_contents( LOCAL_SETTINGS );
	writeFile( LOCAL_SETTINGS, withAccess( $text, $access ), 0640, 'root', WEB_USER );
	if ( $access !== 'private' ) {
		// The block loads what makes them; until they are there, it lets nobody register
		makeCaptchas();
	}
	[ $from, $to ] = $access === 'private' ? [ IMAGES_DIR, PRIVATE_IMAGES_DIR ] : [ PRIVATE_IMAGES_DIR, IMAGES_DIR ];
	moveUploads( $from, $to );
	ensureDataDirectories();
	forgetPages();
	$choices = readChoices();
	$choices['access'] = $access;
	writeChoices( $choices );
	$status = takeUpSettings();
	if ( $access !== 'private' ) {
		takeUpCaptchas();
	}
	return $status;
}

/** All uploads from one directory to the other, which has none. */
function moveUploads( string $from, string $to ): void {
	if ( !is_dir( $from ) || array_diff( scandir( $from ) ?: [], [ '.', '..' ] ) === [] ) {
		return;
	}
	if ( is_dir( $to ) && !@rmdir( $to ) ) {
		say( "uploads are in $from and in $to. Those in $from are no longer shown: move them by hand" );
		return;
	}
	// Not rename(): layers and mounts may lie between them, and it moves no folder across these
	$moved = run( [ 'mv', '--no-target-directory', '--', $from, $to ], '', null, 86400 );
	if ( !$moved->ok() ) {
		throw new Fault( "the uploads in $from could not be moved to $to: " . trim( $moved->errors ) );
	}
}

/**
 * Pictures of words, made by ConfirmEdit, where there are none. A fault is told and no more: nobody can register then.
 *
 * @param bool $anew in the place of those that are there
 */
function makeCaptchas( bool $anew = false ): void {
	if ( !$anew && is_file( CAPTCHA_MARK ) ) {
		return;
	}
	ensureDirectory( CAPTCHA_DIR, 0750, WEB_USER, WEB_USER );
	$work = '/run/mediawiki-full-captcha-' . bin2hex( random_bytes( 8 ) );
	ensureDirectory( $work, 0700, WEB_USER, WEB_USER );
	try {
		// Not all versions bring the list that the program opens by itself
		writeFile( "$work/none", '', 0600, WEB_USER, WEB_USER );
		writeFile( "$work/words", pronounceableWords( 4 * CAPTCHA_COUNT ), 0600, WEB_USER, WEB_USER );
		$result = maintenance( extensionScript( 'ConfirmEdit/maintenance/GenerateFancyCaptchas' ), [
			"--wordlist=$work/words", "--badwordlist=$work/none", '--font=' . CAPTCHA_FONT, '--fill=' . CAPTCHA_COUNT,
			'--threads=2', ...( $anew ? [ '--delete' ] : [] ),
		] );
	} finally {
		removeTree( $work );
	}
	if ( !$result->ok() || captchaCount() === 0 ) {
		say( 'no pictures for the registration could be made, so nobody can register until `mediawiki-full captchas` does: ' .
			trim( substr( $result->output . $result->errors, -600 ) ) );
		return;
	}
	writeFile( CAPTCHA_MARK, "\n", 0644 );
}

/**
 * MediaWiki remembers for a day which pictures there are. Where these are gone, one request ends in an error, and by
 * that it notices: so that no visitor's does, we ask.
 */
function takeUpCaptchas(): void {
	for ( $tries = 0; $tries < 3 && askPage( '/wiki/Special:CreateAccount' )[0] === 500; $tries++ );
}

function captchaCount(): int {
	return count( glob( CAPTCHA_DIR . '/{,*/,*/*/}*.png', GLOB_BRACE ) ?: [] );
}

/** New pictures for the registration: mediawiki-full-captchas.timer asks for them. */
function renewCaptchas(): int {
	if ( in_array( accessOfWiki(), [ 'open', 'registered' ], true ) ) {
		makeCaptchas( true );
		takeUpCaptchas();
	}
	return 0;
}

/** Words that no dictionary has, one a line, of which two make a picture: vowels and consonants in turn. */
function pronounceableWords( int $count ): string {
	$words = '';
	for ( $made = 0; $made < $count; $made++ ) {
		for ( $at = 0; $at < 4; $at++ ) {
			$letters = $at % 2 === 0 ? 'bdfghkmnprstvwz' : 'aeou';
			$words .= $letters[random_int( 0, strlen( $letters ) - 1 )];
		}
		$words .= "\n";
	}
	return $words;
}

/** Name of an extension's maintenance script for maintenance(): before 1.40, below MediaWiki's own folder of them. */
function extensionScript( string $path ): string {
	$root = '/usr/share/mediawiki';
	return is_file( "$root/maintenance/run.php" ) ? "$root/extensions/$path.php" : "../extensions/$path";
}
