<?php
/**
 * The database of the wiki in use, wherever it is: the one that this package
 * made, or the one that an adopted wiki brought along, on this machine or on
 * another.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

/** Where a database is, and who may do what with it. */
final class WikiDatabase {
	/** @var string|null that programs of MariaDB read the login from; gone when this program ends */
	private ?string $optionFile = null;

	/**
	 * @param string $kind mariadb, sqlite, or other: one that we do not know how to dump
	 * @param string $file of SQLite; empty otherwise
	 * @param array<string, string>|null $login options of MariaDB's programs: user, password, host, port, socket.
	 *   Null: as the server's root, on this machine
	 */
	public function __construct(
		public readonly string $kind,
		public readonly string $name,
		public readonly string $file = '',
		private readonly ?array $login = null,
		public readonly string $prefix = ''
	) {
	}

	/** Whether it can be given databases beside it: the server's root can, an adopted wiki's user perhaps not. */
	public function isOurs(): bool {
		return $this->login === null;
	}

	/** @return string[] how one of MariaDB's own programs begins that works on it */
	public function client( string $program ): array {
		if ( $this->login === null ) {
			return asMariadbRoot( $program );
		}
		if ( $this->optionFile === null ) {
			$text = "[client]\n";
			foreach ( $this->login as $option => $value ) {
				$text .= "$option=\"" . addcslashes( $value, "\\\"\n\r\t" ) . "\"\n";
			}
			// Not as arguments, which everybody can read
			$this->optionFile = '/run/mediawiki-full-client-' . bin2hex( random_bytes( 8 ) ) . '.cnf';
			writeFile( $this->optionFile, $text, 0600 );
			register_shutdown_function( 'unlink', $this->optionFile );
		}
		return [ $program, "--defaults-extra-file=$this->optionFile" ];
	}

	/** SQL on it; for MariaDB. */
	public function sql( string $sql ): Result {
		return run( [ ...$this->client( 'mariadb' ), '--batch', '--skip-column-names', $this->name ], $sql, null, 600 );
	}

	/** A number that it is asked for, or null where it does not tell. The table's prefix is added to {names in braces}. */
	public function number( string $sql ): ?int {
		$sql = (string)preg_replace( '/\{(\w+)\}/', $this->prefix . '$1', $sql );
		if ( $this->kind === 'sqlite' ) {
			try {
				$value = ( new \SQLite3( $this->file, SQLITE3_OPEN_READONLY ) )->querySingle( $sql );
			} catch ( \Exception ) {
				return null;
			}
			return is_numeric( $value ) ? (int)$value : null;
		}
		$result = $this->sql( $sql );
		return $result->ok() && is_numeric( trim( $result->output ) ) ? (int)trim( $result->output ) : null;
	}

	/** Why it cannot be used, or null. */
	public function fault( int $patience = 0 ): ?string {
		if ( $this->kind === 'sqlite' ) {
			return is_file( $this->file ) ? null : "the SQLite file $this->file does not exist";
		}
		if ( $this->kind !== 'mariadb' ) {
			return "a database of the type \"$this->name\" is not supported: this package cannot dump and update it";
		}
		if ( $this->login === null ) {
			return faultOfMariadb( $patience );
		}
		$asked = $this->sql( 'SELECT 1;' );
		return $asked->ok() ? null : "the database \"$this->name\" " .
			( isset( $this->login['host'] ) ? "on {$this->login['host']} " : '' ) . 'does not let the wiki in: ' . trim( $asked->errors );
	}

	/** For people. */
	public function text(): string {
		return $this->kind === 'sqlite' ? "SQLite, $this->file" : ( $this->kind === 'mariadb'
			? "MariaDB, \"$this->name\"" . ( $this->prefix === '' ? '' : ", tables $this->prefix*" ) . ' on ' . ( $this->login['host'] ?? 'this machine' )
			: $this->name );
	}

	/** @return string[] */
	public function tables(): array {
		$name = addslashes( $this->name );
		$result = $this->sql( "SELECT table_name FROM information_schema.tables WHERE table_schema = '$name';" );
		return array_values( array_filter( explode( "\n", trim( $result->output ) ) ) );
	}
}

/** The database of the wiki of this machine. */
function wikiDatabase(): WikiDatabase {
	static $known = [];
	$adoption = adoption();
	if ( $adoption !== null && !( $adoption['imported'] ?? false ) ) {
		return $known[$adoption['time']] ??= databaseOfSettings( readSettings( PACKAGED_CODE ) );
	}
	return new WikiDatabase( databaseKind(), DATABASE_NAME, databaseKind() === 'sqlite' ? sqliteFile() : '' );
}

/** @param array<string, mixed> $values as readSettings() has them */
function databaseOfSettings( array $values ): WikiDatabase {
	$type = (string)$values['DBtype'];
	if ( ( $values['DBservers'] ?? false ) || ( $values['SharedDB'] ?? null ) ) {
		// Which of them would have to be dumped is more than can be told here
		return new WikiDatabase( 'other', 'several servers, or shared tables' );
	}
	$name = (string)$values['DBname'];
	$prefix = (string)$values['DBprefix'];
	if ( $type === 'sqlite' ) {
		return new WikiDatabase( 'sqlite', $name, rtrim( (string)$values['SQLiteDataDir'], '/' ) . "/$name.sqlite", [], $prefix );
	}
	if ( $type !== 'mysql' ) {
		return new WikiDatabase( 'other', $type );
	}
	$login = [ 'user' => (string)$values['DBuser'], 'password' => (string)$values['DBpassword'] ];
	// As MediaWiki reads it: host, host:port, or localhost:/path of a socket
	[ $host, $more ] = preg_match( '/^(\[[^\]]+\]|[^:]+):(.+)$/', (string)$values['DBserver'], $match )
		? [ trim( $match[1], '[]' ), $match[2] ] : [ (string)$values['DBserver'], '' ];
	if ( str_starts_with( $more, '/' ) ) {
		$login['socket'] = $more;
	} elseif ( !in_array( $host, [ '', 'localhost' ], true ) ) {
		$login += [ 'host' => $host ] + ( $more === '' ? [] : [ 'port' => $more ] );
	}
	return new WikiDatabase( 'mariadb', $name, '', $login, $prefix );
}
