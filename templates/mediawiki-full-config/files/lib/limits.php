<?php
/**
 * What a PHP process of the wiki may do, as JSON: pool.php has the pool itself
 * run this file. Apache leads nobody here.
 */
declare( strict_types=1 );

$limits = [ 'memory_limit', 'upload_max_filesize', 'post_max_size', 'max_execution_time', 'file_uploads' ];
$opcache = function_exists( 'opcache_get_status' ) ? @opcache_get_status( false ) : false;
echo json_encode( [
	'limits' => array_combine( $limits, array_map( 'ini_get', $limits ) ),
	'opcache' => $opcache === false ? null : [
		'full' => $opcache['cache_full'],
		'used' => $opcache['memory_usage']['used_memory'],
		'free' => $opcache['memory_usage']['free_memory'],
		'files' => $opcache['opcache_statistics']['num_cached_scripts'],
		'mostFiles' => $opcache['opcache_statistics']['max_cached_keys'],
		// Restarts for want of room
		'restarts' => $opcache['opcache_statistics']['oom_restarts'] + $opcache['opcache_statistics']['hash_restarts'],
	],
] );
