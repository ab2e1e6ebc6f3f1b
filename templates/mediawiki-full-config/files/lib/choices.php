<?php
/**
 * What the administrator chose, in /etc/mediawiki-full/wiki.conf: `key=value`
 * lines without quoting, which debconf's scripts, settings.php and this command
 * all read. No secret is kept there.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const CHOICES_FILE = CONFIG_DIR . '/wiki.conf';
/** What stays of the configuration when the package is removed. */
const KEPT_DIR = DATA_DIR . '/kept';
/** A password that was given and is used up by the installation. */
const GIVEN_PASSWORD_FILE = DATA_DIR . '/admin-password.given';

const CHOICES_HEADER = <<<'TEXT'
# Choices for the wiki of this machine. Written by mediawiki-full-config;
# change them here or with `dpkg-reconfigure mediawiki-full-config`.
#
# server_url is the address that mails and feeds name. The wiki answers under
# any other name of the machine too.
# database, admin_name and language matter only until the wiki is installed.
# access: what was last chosen; it is in force by a block in LocalSettings.php,
# and `mediawiki-full set access` changes both.
# dumps_kept: so many dumps of the database stay, the oldest go.
# trusted_proxies: addresses and networks of TLS terminators or a CDN in front of
# this machine, with commas between them; what they say of visitor and https is
# believed, of others it is not: trusted_proxies=192.0.2.7, 2001:db8::/48
# memory: so many MiB the wiki may have, where it shares the machine; the sizes of
# its caches follow from it, see `mediawiki-full sizes`.
# without: names of extensions and skins of the set that the wiki does not
# load, with commas between them: without=Cite, Timeless

TEXT;

/**
 * @return array<string, string> with at least database, site_name, server_url, admin_name, language, dumps_kept.
 *   A key that this version does not know stays as it is: another version, before or after this one, may.
 */
function readChoices(): array {
	$choices = [
		'database' => 'mariadb',
		'site_name' => 'MediaWiki',
		'server_url' => '',
		'admin_name' => 'Admin',
		'language' => 'en',
		'dumps_kept' => '3',
	];
	$text = is_readable( CHOICES_FILE ) ? (string)file_get_contents( CHOICES_FILE ) : '';
	return array_merge( $choices, parseChoices( $text ) );
}

/** @return array<string, string> */
function parseChoices( string $text ): array {
	$found = [];
	foreach ( explode( "\n", $text ) as $line ) {
		if ( preg_match( '/^([a-z_]+)\s*=\s*(.*?)\s*$/', $line, $match ) ) {
			$found[$match[1]] = $match[2];
		}
	}
	return $found;
}

/** @param array<string, string> $choices */
function choicesText( array $choices ): string {
	$text = CHOICES_HEADER;
	foreach ( $choices as $key => $value ) {
		$text .= "$key=$value\n";
	}
	return $text;
}

/** @param array<string, string> $choices */
function writeChoices( array $choices ): void {
	$text = choicesText( $choices );
	if ( !is_readable( CHOICES_FILE ) || file_get_contents( CHOICES_FILE ) !== $text ) {
		ensureDirectory( CONFIG_DIR, 0755 );
		writeFile( CHOICES_FILE, $text, 0644 );
	}
}

/**
 * Says what is wrong with a choice, or null. Values end up in PHP, in page
 * titles and on command lines, so each is checked against what it may be.
 */
function faultOfChoice( string $key, string $value ): ?string {
	if ( !mb_check_encoding( $value, 'UTF-8' ) || preg_match( '/[\x00-\x1f\x7f]/', $value ) ) {
		return 'has control characters';
	}
	switch ( $key ) {
		case 'database':
			return in_array( $value, [ 'mariadb', 'sqlite' ], true ) ? null : 'is neither mariadb nor sqlite';
		case 'site_name':
			// It names a namespace too (Manual:$wgMetaNamespace)
			return preg_match( '/^[^#<>\[\]|{}:\/_\s][^#<>\[\]|{}:\/]{0,99}$/u', $value ) ? null
				: 'must have 1 to 100 characters, none of # < > [ ] | { } : /';
		case 'server_url':
			return $value === '' || preg_match( '#^https?://[A-Za-z0-9.\-\[\]:]+$#', $value ) ? null
				: 'must be http:// or https:// and a host name, and nothing behind it';
		case 'admin_name':
			return preg_match( '/^[^#<>\[\]|{}:\/@\s_-][^#<>\[\]|{}:\/@]{0,84}$/u', $value ) ? null
				: 'must have 1 to 85 characters, none of # < > [ ] | { } : / @';
		case 'language':
			return preg_match( '/^[a-z]{2,3}(-[a-z0-9]{2,10})*$/', $value ) ? null : 'is not a language code';
		case 'dumps_kept':
			return preg_match( '/^[1-9][0-9]{0,2}$/', $value ) ? null : 'must be a number from 1 to 999';
		case 'memory':
			return preg_match( '/^([1-9][0-9]{2,6})?$/', $value ) ? null : 'must be a number of MiB from 100 on, or nothing';
		case 'access':
			return in_array( $value, ACCESS_CHOICES, true ) ? null : 'must be one of ' . implode( ', ', ACCESS_CHOICES );
		case 'trusted_proxies':
			foreach ( preg_split( '/[\s,]+/', $value, -1, PREG_SPLIT_NO_EMPTY ) as $proxy ) {
				[ $address, $bits ] = explode( '/', $proxy, 2 ) + [ 1 => null ];
				$most = filter_var( $address, FILTER_VALIDATE_IP, FILTER_FLAG_IPV6 ) ? 128 : 32;
				if ( !filter_var( $address, FILTER_VALIDATE_IP ) ) {
					return "must be addresses or networks (192.0.2.7, 2001:db8::/48): $proxy is invalid";
				}
				if ( $bits !== null && ( !preg_match( '/^[0-9]{1,3}$/', $bits ) || (int)$bits > $most || (int)$bits < 8 ) ) {
					return "must be addresses or networks: the prefix of $proxy must be from 8 to $most";
				}
			}
			return null;
		case 'without':
			return preg_match( '/^[A-Za-z0-9_, -]*$/', $value ) ? null : 'must be names with commas between them';
	}
	return 'is unknown';
}

/**
 * Takes over what debconf was told: the same `key=value` lines on stdin, with
 * `admin_password` among them. A value that cannot be is left out with a word:
 * an unattended installation goes on with the default.
 */
function configure( string $input ): int {
	ensureDirectory( DATA_DIR, 0755 );
	$choices = readChoices();
	foreach ( parseChoices( $input ) as $key => $value ) {
		if ( $key === 'admin_password' ) {
			if ( $value !== '' && !wikiIsThere() ) {
				writeFile( GIVEN_PASSWORD_FILE, $value, 0600 );
			}
			continue;
		}
		if ( $key === 'access' && wikiIsThere() ) {
			// It has the access that it has
			continue;
		}
		if ( $key === 'server_url' ) {
			$value = $value === 'auto' ? '' : rtrim( $value, '/' );
			// Empty stands for the machine's name, which setup() fills in
			$value = $value === '' ? $choices['server_url'] : $value;
		}
		$fault = faultOfChoice( $key, $value );
		if ( $fault !== null ) {
			say( "$key $fault; keeping " . ( $choices[$key] ?? 'the default' ) );
			continue;
		}
		$choices[$key] = $value;
	}
	writeChoices( $choices );
	writeMachineVcl();
	decideFront();
	return 0;
}
