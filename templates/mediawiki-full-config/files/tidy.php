<?php
/**
 * MediaWiki's service that puts HTML in order, with a memory for small texts. caches.php has MediaWiki use it.
 */
class MediaWikiFullTidy extends MediaWiki\Tidy\TidyDriverBase {
	/** Bytes of a text that is worth its place: a message, a sentence. Tables of contents may be longer. */
	private const SHORT = 2048;
	private const LONGEST = 65536;
	/** Seconds. A page's text may be among them, and is then asked for once only. */
	private const KEPT = 600;

	/** @var MediaWiki\Tidy\TidyDriverBase */
	private $tidy;
	/** @var BagOStuff */
	private $cache;

	public function __construct( $tidy, $cache ) {
		parent::__construct( [] );
		$this->tidy = $tidy;
		$this->cache = $cache;
	}

	/** @inheritDoc */
	public function tidy( $text, ?callable $textProcessor = null ) {
		$known = $textProcessor === null ? 'plain'
			: ( is_array( $textProcessor ) && ( $textProcessor[1] ?? '' ) === 'armorFrenchSpaces' ? 'spaces' : null );
		$length = strlen( $text );
		if ( $known === null || $length > self::LONGEST ||
			( $length > self::SHORT && strncmp( $text, '<div id="toc"', 13 ) !== 0 )
		) {
			return $this->tidy->tidy( $text, $textProcessor );
		}
		$key = $this->cache->makeGlobalKey( 'mediawiki-full-tidy', MW_VERSION, $known, hash( 'sha256', $text ) );
		$made = $this->cache->get( $key );
		if ( !is_string( $made ) ) {
			$made = $this->tidy->tidy( $text, $textProcessor );
			$this->cache->set( $key, $made, self::KEPT );
		}
		return $made;
	}
}
