<?php
/**
 * The set as apt and dpkg see it: what is installed, what the archive has, in
 * its suite and in the frozen view of a snapshot. Moves packages through
 * apt-get alone.
 */
declare( strict_types=1 );

namespace MediaWikiFull;

const CONFIG_PACKAGE = 'mediawiki-full-config';
const SOURCES_DIR = '/etc/apt/sources.list.d';

/** apt's own index of one suite of the archive, downloaded and checked by it. */
final class AptIndex {
	/** @param string[] $files Packages files as apt keeps them, perhaps compressed */
	public function __construct(
		public readonly string $base,
		public readonly string $suite,
		public readonly string $area,
		public readonly array $files
	) {
	}
}

/** @return array<string, string> installed packages of the set and their versions */
function installedSet(): array {
	$versions = [];
	foreach ( theSet()['packages'] as $package ) {
		$version = packageVersion( $package );
		if ( $version !== null ) {
			$versions[$package] = $version;
		}
	}
	$metapackage = theSet()['metapackage'];
	if ( isset( $versions[$metapackage], $versions[CONFIG_PACKAGE] ) ) {
		$depends = run( [ 'dpkg-query', '-W', '-f', '${Depends}', $metapackage ], '', null, 10 )->output;
		if ( ( exactRelations( $depends )[CONFIG_PACKAGE] ?? null ) !== $versions[CONFIG_PACKAGE] ) {
			// The one from before: its successor comes a moment after its configuration, with the same version
			$versions[$metapackage] = $versions[CONFIG_PACKAGE];
		}
	}
	return $versions;
}

/**
 * The archive's suite that this machine follows, as apt's configuration has it, wherever it is written down.
 */
function liveIndex(): AptIndex {
	$archive = theSet()['archive'];
	foreach ( aptIndices( [] ) as $index ) {
		// The archive's suites for its keys hold the keyring package and nothing else
		if ( preg_match( '/^keyring-[0-9A-F]{40,64}$/', $index['suite'] ) ) {
			continue;
		}
		$ours = in_array( [ 'origin' => $index['origin'], 'label' => $index['label'] ], $archive['identities'], true );
		if ( ( $ours || str_starts_with( $index['uri'], "{$archive['baseUrl']}/debian" ) ) &&
			preg_match( '#^(.+)/debian/?$#', $index['uri'], $match ) ) {
			return new AptIndex( $match[1], $index['suite'], $index['area'], [ $index['file'] ] );
		}
	}
	throw new Fault(
		"apt has no index of the archive {$archive['label']}. Install {$archive['keyringPackage']}, or add the archive " .
		'to ' . SOURCES_DIR . ', and run `apt-get update`'
	);
}

/**
 * @param string[] $options of apt-get, to look at other sources
 * @return array<int, array{uri: string, suite: string, origin: string, label: string, area: string, file: string}>
 */
function aptIndices( array $options ): array {
	$fields = '$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(FILENAME)';
	$result = run( [ 'apt-get', ...$options, 'indextargets', '--format', $fields, 'Created-By: Packages' ], '', null, 60 );
	$indices = [];
	foreach ( explode( "\n", trim( $result->output ) ) as $line ) {
		$parts = explode( '|', $line );
		if ( count( $parts ) === 6 ) {
			[ $uri, $suite, $origin, $label, $area, $file ] = $parts;
			$indices[] = [ 'uri' => rtrim( $uri, '/' ), 'suite' => $suite, 'origin' => $origin, 'label' => $label,
				'area' => $area, 'file' => $file ];
		}
	}
	return $indices;
}

/**
 * The packages that an index lists.
 *
 * @return array<string, array<int, array<string, string>>> paragraphs by package: Package, Version, Depends, ...
 */
function packagesIn( AptIndex $index ): array {
	$found = [];
	foreach ( $index->files as $file ) {
		// It knows what apt may have compressed the file with
		$result = run( [ '/usr/lib/apt/apt-helper', 'cat-file', $file ], '', null, 120 );
		if ( !$result->ok() ) {
			throw new Fault( "apt's index $file cannot be read" );
		}
		foreach ( preg_split( '/\n\n+/', trim( $result->output ) ) ?: [] as $text ) {
			$paragraph = paragraph( $text );
			if ( isset( $paragraph['Package'], $paragraph['Version'] ) ) {
				$found[$paragraph['Package']][] = $paragraph;
			}
		}
	}
	return $found;
}

/** @return array<string, string> the fields on one line each, which all that matter here are */
function paragraph( string $text ): array {
	$fields = [];
	foreach ( explode( "\n", $text ) as $line ) {
		if ( preg_match( '/^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$/', $line, $match ) ) {
			$fields[$match[1]] = $match[2];
		}
	}
	return $fields;
}

/** @return array<string, string> versions by package that a relationship field demands exactly */
function exactRelations( string $field ): array {
	$exact = [];
	foreach ( explode( ',', $field ) as $relation ) {
		// One with alternatives demands none of them
		if ( preg_match( '/^\s*([a-z0-9][a-z0-9+.-]+)(?::[a-z]+)?\s*\(=\s*(\S+)\s*\)\s*$/', $relation, $match ) ) {
			$exact[$match[1]] = $match[2];
		}
	}
	return $exact;
}

/**
 * What has to be held so that the set stays as it is: the packages that the archive builds, and those that these
 * demand in one version. What the set takes from Debian as it is keeps its security updates. Nor is the archive's
 * keyring held: a machine that kept an old key would trust nothing one day.
 *
 * @param array<string, array<int, array<string, string>>> $packages of a frozen view, so one version of each
 * @return array<string, string> versions by package
 */
function heldVersions( array $packages ): array {
	$archive = theSet()['archive'];
	$suffix = '/\+' . preg_quote( $archive['versionSuffix'], '/' ) . '[1-9]/';
	$held = [];
	foreach ( $packages as $name => $paragraphs ) {
		if ( $name !== $archive['keyringPackage'] && preg_match( $suffix, $paragraphs[0]['Version'] ) ) {
			$held[$name] = $paragraphs[0]['Version'];
		}
	}
	for ( $look = array_keys( $held ); $look !== []; ) {
		$paragraph = $packages[array_shift( $look )][0] ?? [];
		foreach ( exactRelations( ( $paragraph['Pre-Depends'] ?? '' ) . ',' . ( $paragraph['Depends'] ?? '' ) ) as $name => $version ) {
			if ( !isset( $held[$name] ) && isset( $packages[$name] ) ) {
				$held[$name] = $version;
				$look[] = $name;
			}
		}
	}
	ksort( $held );
	return $held;
}

/** @return int as version_compare() gives it, by dpkg's rules */
function compareVersions( string $a, string $b ): int {
	if ( run( [ 'dpkg', '--compare-versions', $a, 'lt', $b ], '', null, 10 )->ok() ) {
		return -1;
	}
	return run( [ 'dpkg', '--compare-versions', $a, 'gt', $b ], '', null, 10 )->ok() ? 1 : 0;
}

/**
 * The snapshot that is installed, where it can be told: the one that the suite points at, if the machine has its
 * configuration package, or the one that was noted when the database was last brought up to date.
 */
function installedSnapshot(): ?string {
	$installed = packageVersion( CONFIG_PACKAGE );
	if ( $installed === null ) {
		return null;
	}
	try {
		$live = liveIndex();
		$versions = array_column( packagesIn( $live )[CONFIG_PACKAGE] ?? [], 'Version' );
		usort( $versions, static fn ( $a, $b ) => compareVersions( $b, $a ) );
		// Older ones are listed as well; the suite points at the newest it has
		if ( ( $versions[0] ?? null ) === $installed ) {
			return snapshotOfRelease( $live );
		}
	} catch ( Fault ) {
		// What apt knows is gone; there may be a note
	}
	$stamp = lastUpdate();
	return ( $stamp[CONFIG_PACKAGE] ?? null ) === $installed ? ( $stamp['snapshot'] ?? null ) : null;
}

/** The snapshot that the Release file beside an index names. */
function snapshotOfRelease( AptIndex $index ): ?string {
	$release = preg_replace( '/(_dists_' . preg_quote( str_replace( '/', '_', $index->suite ), '/' ) . '_).*$/', '$1',
		$index->files[0] ?? '' );
	foreach ( [ 'InRelease', 'Release' ] as $name ) {
		$text = (string)@file_get_contents( $release . $name );
		if ( preg_match( '/^X-Lockstep-Snapshot:\s*(\d{8}T\d{6}Z)\s*$/m', $text, $match ) ) {
			return $match[1];
		}
	}
	return null;
}

/** @param string $area archive area, `main` */
function frozenSourceText( string $base, string $suite, string $area, string $id ): string {
	$set = theSet();
	$key = $set['archive']['keyringPath'];
	if ( !is_file( $key ) ) {
		throw new Fault( "$key does not exist: install {$set['archive']['keyringPackage']} first" );
	}
	return "# Written by `mediawiki-full`: snapshot $id of the archive, which never changes.\n" .
		"Types: deb\nURIs: $base/snapshot/$id\nSuites: $suite\nComponents: $area\nSigned-By: $key\n";
}

/** apt-get with no other source than that file. @return string[] */
function onlySource( string $file ): array {
	return [ '-o', "Dir::Etc::sourcelist=$file", '-o', 'Dir::Etc::sourceparts=/dev/null', '-o', 'APT::Get::List-Cleanup=0' ];
}

/**
 * Has apt fetch the frozen view of a snapshot and check it. What it does not have leaves nothing behind.
 *
 * @param string $id of the form 20261123T101530Z
 * @param string $file where its source is written; the caller removes or moves it
 */
function fetchFrozen( string $id, AptIndex $live, string $file ): AptIndex {
	writeFile( $file, frozenSourceText( $live->base, $live->suite, $live->area, $id ), 0644 );
	$only = onlySource( $file );
	$update = run( [ 'apt-get', ...$only, '-o', 'APT::Update::Error-Mode=any', '-q', 'update' ], '', null, 900 );
	$indices = aptIndices( $only );
	$frozen = new AptIndex( "{$live->base}/snapshot/$id", $live->suite, $live->area, array_column( $indices, 'file' ) );
	if ( $update->ok() && $frozen->files !== [] && snapshotOfRelease( $frozen ) === $id ) {
		return $frozen;
	}
	forgetFrozen( $file );
	$why = trim( (string)preg_replace( '/^(?![EW]:).*\n?/m', '', $update->errors . "\n" . $update->output ) );
	throw new Fault(
		"there is no snapshot $id in {$live->base} (suite {$live->suite}), or it cannot be had now. Nothing was changed" .
		( $why === '' ? '' : ".\n$why" )
	);
}

/** Removes a source of a frozen view, and what apt keeps of it, where no other source is of the same. */
function forgetFrozen( string $file ): void {
	$address = addressOfSource( $file );
	@unlink( $file );
	if ( $address === null || in_array( $address, array_map( 'MediaWikiFull\addressOfSource', glob( SOURCES_DIR . '/*.sources' ) ?: [] ), true ) ) {
		return;
	}
	// As apt makes a file's name of an address (strutl.cc, URItoFileName)
	$stem = str_replace( '/', '_', (string)preg_replace( '#^[a-z+]+:/*(?:[^/@]*@)?#', '', $address ) );
	foreach ( [ '', 'partial/' ] as $folder ) {
		array_map( 'unlink', glob( "/var/lib/apt/lists/$folder*" . addcslashes( $stem, '[]*?\\' ) . '_*' ) ?: [] );
	}
}

function addressOfSource( string $file ): ?string {
	$text = is_file( $file ) ? (string)file_get_contents( $file ) : '';
	return preg_match( '/^URIs: (\S+)$/m', $text, $match ) ? $match[1] : null;
}

/**
 * Arguments of apt-get that install packages in exact versions, up or down, and remove nothing.
 *
 * @param array<string, string> $versions
 * @return string[]
 */
function installArguments( array $versions ): array {
	$wanted = array_map( static fn ( $name ) => "$name={$versions[$name]}", array_keys( $versions ) );
	return [ '-y', '--allow-downgrades', '--allow-change-held-packages', '--no-remove', '-o', 'DPkg::Lock::Timeout=120',
		'-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold', 'install', ...$wanted ];
}

/** @param array<string, string> $versions which of these differ from what is installed */
function missingVersions( array $versions ): array {
	return array_filter( $versions, static fn ( $version, $name ) => packageVersion( $name ) !== $version,
		ARRAY_FILTER_USE_BOTH );
}

/** Why apt-get would not install these versions, or nothing. */
function faultOfInstalling( array $versions ): string {
	$result = run( [ 'apt-get', '-q', '--simulate', ...installArguments( $versions ) ], '', null, 300 );
	return $result->ok() ? '' : trim( (string)preg_replace( '/^(?![EW]:).*\n?/m', '', $result->errors . "\n" ) );
}
