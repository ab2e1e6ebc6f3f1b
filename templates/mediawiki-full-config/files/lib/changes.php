<?php
/**
 * Files and services of others that `mediawiki-full adopt` changes, each noted
 * before it is changed, so that all of it can be taken back: after an adoption
 * that was interrupted too.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** There from before an adoption's first change until it is undone. */
const ADOPTION_FILE = DATA_DIR . '/adopted.json';
const ADOPTION_FORMAT = 1;
/** Files as they were. */
const BEFORE_DIR = DATA_DIR . '/before-adoption';

/** @return array<string, mixed>|null what was adopted and changed; its phase is "begun" or "done" */
function adoption(): ?array {
	$read = json_decode( (string)@file_get_contents( ADOPTION_FILE ), true );
	return is_array( $read ) && isset( $read['phase'], $read['time'] ) ? $read : null;
}

/** What an adoption does to the machine, noted step by step. */
final class Changes {
	/** @param array<string, mixed> $record of the adoption; kept in ADOPTION_FILE */
	public function __construct( public array $record ) {
		$this->record += [ 'before' => [], 'made' => [], 'units' => [], 'moved' => [] ];
	}

	public function save(): void {
		ensureDirectory( DATA_DIR, 0755 );
		writeFile( ADOPTION_FILE, encoded( $this->record ), 0600 );
	}

	/** Writes a file, with the mode and owner of the one that is there. */
	public function write( string $path, string $text, int $mode = 0644 ): void {
		$this->remember( $path );
		$was = is_file( $path ) ? stat( $path ) : null;
		writeFile( $path, $text, $was === null ? $mode : $was['mode'] & 07777 );
		if ( $was !== null ) {
			chown( $path, $was['uid'] );
			chgrp( $path, $was['gid'] );
		}
	}

	public function link( string $path, string $target ): void {
		if ( is_link( $path ) && readlink( $path ) === $target ) {
			return;
		}
		$this->remember( $path );
		@unlink( $path );
		symlink( $target, $path );
	}

	/** Stops a service for good. */
	public function disable( string $unit ): void {
		$state = static fn ( string $verb ): string => trim( run( [ 'systemctl', $verb, $unit ], '', null, 20 )->output );
		if ( !systemdRuns() || isset( $this->record['units'][$unit] ) ) {
			return;
		}
		$was = [ 'enabled' => $state( 'is-enabled' ) === 'enabled', 'active' => in_array( $state( 'is-active' ), [ 'active', 'activating' ], true ) ];
		if ( $was === [ 'enabled' => false, 'active' => false ] ) {
			return;
		}
		$this->record['units'][$unit] = $was;
		$this->save();
		run( [ 'systemctl', 'disable', '--now', $unit ], '', null, 120 );
	}

	/** Keeps a file or folder elsewhere, on whatever file system, and has a link in its place. */
	public function keep( string $path, string $kept, string $target ): void {
		$this->record['moved'][] = [ 'path' => $path, 'kept' => $kept ];
		$this->save();
		ensureDirectory( dirname( $kept ), 0755 );
		self::move( $path, $kept );
		if ( !symlink( $target, $path ) ) {
			throw new Fault( "$path could not be made a link to $target" );
		}
	}

	/** What is at its new place is whole, whenever this is interrupted; what is at the old one is, until it is not needed. */
	private static function move( string $from, string $to ): void {
		$copied = run( [ 'cp', '--archive', '--no-target-directory', '--', $from, "$to.part" ], '', null, 86400 );
		if ( !$copied->ok() || !rename( "$to.part", $to ) ) {
			removeTree( "$to.part" );
			throw new Fault( "$from could not be copied to $to: " . trim( $copied->errors ) );
		}
		removeTree( $from );
	}

	/** Everything as it was, the last change first. What was taken back already stays so. */
	public function takeBack(): void {
		foreach ( array_reverse( $this->record['moved'], true ) as $at => [ 'path' => $path, 'kept' => $kept ] ) {
			removeTree( "$kept.part" );
			if ( !( $this->record['moved'][$at]['back'] ?? false ) && ( file_exists( $kept ) || is_link( $kept ) ) ) {
				$copied = run( [ 'cp', '--archive', '--no-target-directory', '--', $kept, "$path.part" ], '', null, 86400 );
				if ( !$copied->ok() ) {
					removeTree( "$path.part" );
					throw new Fault( "$kept could not be restored as $path: " . trim( $copied->errors ) );
				}
				// A link of ours, or what was left of the old when it was interrupted
				removeTree( $path );
				rename( "$path.part", $path );
				// From here on what is kept may be incomplete, and is not needed
				$this->record['moved'][$at]['back'] = true;
				$this->save();
			}
			removeTree( $kept );
			@rmdir( dirname( $kept ) );
		}
		foreach ( array_reverse( $this->record['before'] ) as $before ) {
			$this->putBack( $before );
		}
		foreach ( array_reverse( $this->record['made'] ) as $folder ) {
			@rmdir( $folder );
		}
		foreach ( $this->record['units'] as $unit => $was ) {
			$verbs = [ ...( $was['enabled'] ? [ 'enable' ] : [] ), ...( $was['active'] ? [ 'start' ] : [] ) ];
			foreach ( $verbs as $verb ) {
				run( [ 'systemctl', $verb, $unit ], '', null, 120 );
			}
		}
	}

	/** @param array<string, string> $before */
	private function putBack( array $before ): void {
		[ 'path' => $path, 'was' => $was ] = $before;
		if ( $was === 'file' ) {
			// With its mode, owner and time; in one step
			$new = "$path.new-" . bin2hex( random_bytes( 4 ) );
			$copied = run( [ 'cp', '--archive', '--', $before['saved'], $new ], '', null, 600 );
			if ( !$copied->ok() || !rename( $new, $path ) ) {
				@unlink( $new );
				throw new Fault( "$path could not be restored: it is kept as {$before['saved']}. " . trim( $copied->errors ) );
			}
			return;
		}
		@unlink( $path );
		if ( $was === 'link' ) {
			symlink( $before['target'], $path );
		}
	}

	private function remember( string $path ): void {
		if ( in_array( $path, array_column( $this->record['before'], 'path' ), true ) ) {
			return;
		}
		for ( $folder = dirname( $path ), $made = []; !is_dir( $folder ); $folder = dirname( $folder ) ) {
			array_unshift( $made, $folder );
		}
		$this->record['made'] = [ ...$this->record['made'], ...$made ];
		if ( is_link( $path ) ) {
			$this->record['before'][] = [ 'path' => $path, 'was' => 'link', 'target' => (string)readlink( $path ) ];
		} elseif ( is_file( $path ) ) {
			ensureDirectory( BEFORE_DIR, 0700 );
			$saved = BEFORE_DIR . '/' . count( $this->record['before'] ) . '-' . basename( $path );
			if ( !run( [ 'cp', '--archive', '--', $path, $saved ], '', null, 600 )->ok() ) {
				throw new Fault( "$path could not be copied to $saved. Nothing of it was changed" );
			}
			$this->record['before'][] = [ 'path' => $path, 'was' => 'file', 'saved' => $saved ];
		} else {
			$this->record['before'][] = [ 'path' => $path, 'was' => 'absent' ];
		}
		$this->save();
		foreach ( $made as $folder ) {
			ensureDirectory( $folder, 0755 );
		}
	}
}
