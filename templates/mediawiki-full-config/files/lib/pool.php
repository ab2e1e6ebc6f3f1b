<?php
/**
 * The wiki's pool of PHP processes, as FPM itself reads its files: ours and the
 * administrator's in fpm.d.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** So many there are unless somebody chose otherwise (pm.max_children in php-pool.conf). */
const USUAL_PROCESSES = 10;
/** Below it, in bytes, MediaWiki comes to its end now and then. */
const LITTLE_MEMORY = 128 * 1024 * 1024;
/** So many seconds PHP itself gives a request. */
const LITTLE_TIME = 30;

/** @return array<string, string>|null what the files say, by key; null where FPM refuses them or cannot be asked */
function poolSettings(): ?array {
	$result = run( [ 'php-fpm' . theSet()['phpVersion'], '--fpm-config', SHARE_DIR . '/fpm.conf', '-tt' ], '', null, 20 );
	if ( !$result->ok() || !preg_match( '/NOTICE[\]:] +\[mediawiki-full\]$(.*?)NOTICE[\]:] +(?:\[|$)/ms', $result->errors, $pool ) ) {
		return null;
	}
	preg_match_all( '/NOTICE[\]:] +\t([^=\n]+) = (.*)$/m', $pool[1], $lines, PREG_SET_ORDER );
	return array_column( $lines, 2, 1 );
}

function processesOfPool(): int {
	return max( 1, (int)( poolSettings()['pm.max_children'] ?? USUAL_PROCESSES ) );
}

/**
 * Has the pool itself say what its processes may do: files may have been changed since it was started, and the
 * command line's PHP has other ones.
 *
 * @return array{limits: array<string, string>, opcache: ?array<string, int|bool>}|null null where it does not answer
 */
function askPool(): ?array {
	$socket = @stream_socket_client( 'unix://' . ( poolSettings()['listen'] ?? '/run/mediawiki-full/php.sock' ), $code, $message, 5 );
	if ( !$socket ) {
		return null;
	}
	stream_set_timeout( $socket, 10 );
	$pairs = '';
	foreach ( [ 'SCRIPT_FILENAME' => SHARE_DIR . '/lib/limits.php', 'REQUEST_METHOD' => 'GET' ] as $name => $value ) {
		$pairs .= chr( strlen( $name ) ) . chr( strlen( $value ) ) . $name . $value;
	}
	// FastCGI: version 1, type, request 1, length, no padding. Types: 1 begins (as a responder), 4 has parameters, 5 input
	$record = static fn ( int $type, string $content ): string => pack( 'CCnnCx', 1, $type, 1, strlen( $content ), 0 ) . $content;
	fwrite( $socket, $record( 1, pack( 'nCx5', 1, 0 ) ) . $record( 4, $pairs ) . $record( 4, '' ) . $record( 5, '' ) );
	$output = '';
	while ( strlen( $head = (string)stream_get_contents( $socket, 8 ) ) === 8 ) {
		[ 'type' => $type, 'length' => $length, 'padding' => $padding ] = unpack( 'Cversion/Ctype/nrequest/nlength/Cpadding', $head );
		$content = $length + $padding === 0 ? '' : (string)stream_get_contents( $socket, $length + $padding );
		// 6 is output, 3 the end
		$output .= $type === 6 ? substr( $content, 0, $length ) : '';
		if ( $type === 3 ) {
			break;
		}
	}
	fclose( $socket );
	$answer = json_decode( explode( "\r\n\r\n", $output, 2 )[1] ?? '', true );
	return is_array( $answer ) && isset( $answer['limits'] ) ? $answer : null;
}

/** Bytes of a value such as 64M; 0 or less: without a limit. */
function bytesOf( string $value ): int {
	$powers = [ 'k' => 1, 'm' => 2, 'g' => 3 ];
	return (int)$value * 1024 ** ( $powers[strtolower( substr( trim( $value ), -1 ) )] ?? 0 );
}

/**
 * @param array<string, mixed> $running as askPool() has it
 * @return Finding[] what the wiki's PHP is short of
 */
function poolFindings( array $running ): array {
	$say = static fn ( string $what, string $do ): Finding => new Finding( 'warning', 'php', $what, $do );
	$reload = '`systemctl reload ' . phpService() . '`';
	$change = 'set it in your own file in ' . CONFIG_DIR . "/fpm.d, then $reload";
	$limits = $running['limits'];
	$bytes = array_map( bytesOf( ... ), $limits );
	$findings = [];
	$written = poolSettings();
	if ( $written === null ) {
		$findings[] = $say( 'FPM refuses its files, and will not start again', '`php-fpm' . theSet()['phpVersion'] . ' --fpm-config ' . SHARE_DIR . '/fpm.conf -tt` says why' );
	}
	foreach ( $limits as $name => $value ) {
		$meant = $written["php_admin_value[$name]"] ?? $written["php_value[$name]"] ?? $value;
		if ( bytesOf( $meant ) !== bytesOf( $value ) ) {
			$findings[] = $say( "$name should be $meant, but is $value in the running processes", $reload );
		}
	}
	if ( !filter_var( $limits['file_uploads'], FILTER_VALIDATE_BOOL ) ) {
		$findings[] = $say( 'nothing can be uploaded: file_uploads is off', $change );
	}
	if ( $bytes['post_max_size'] > 0 && $bytes['post_max_size'] <= $bytes['upload_max_filesize'] ) {
		$findings[] = $say( "post_max_size ({$limits['post_max_size']}) leaves no room for a file of " .
			"upload_max_filesize ({$limits['upload_max_filesize']}) and what is sent with it", $change );
	}
	if ( $bytes['memory_limit'] > 0 && $bytes['memory_limit'] < LITTLE_MEMORY ) {
		$findings[] = $say( "memory_limit is {$limits['memory_limit']}: long pages and large pictures end in errors", $change );
	}
	if ( $bytes['max_execution_time'] > 0 && $bytes['max_execution_time'] < LITTLE_TIME ) {
		$findings[] = $say( "max_execution_time is {$limits['max_execution_time']} s: long pages end in errors", $change );
	}
	return [ ...$findings, ...opcacheFindings( $running['opcache'] ) ];
}

/**
 * @param array<string, int|bool>|null $opcache
 * @return Finding[]
 */
function opcacheFindings( ?array $opcache ): array {
	$restart = 'then `systemctl restart ' . phpService() . '`';
	$file = CONFIG_DIR . '/php.d';
	if ( $opcache === null ) {
		return [ new Finding( 'warning', 'php', 'PHP compiles every file at every request: opcache is off', "have it on in $file, $restart" ) ];
	}
	return !$opcache['full'] && $opcache['restarts'] === 0 ? [] : [ new Finding( 'warning', 'php',
		'opcache has no space for all files of the wiki' . ( $opcache['restarts'] === 0 ? '' : "; it restarted {$opcache['restarts']} times" ),
		"more opcache.memory_consumption and opcache.max_accelerated_files in your own file in $file, $restart" ) ];
}
