<?php
/**
 * The links "[edit]" of a page's sections differ from one another in nothing but the section's number and title, and
 * are made anew, hooks and texts and all, for each of them at each view. Here one is made with placeholders and filled
 * in for the others; only where that gives the first link to the byte, so that a hook which treats sections differently
 * by number or title is not passed over unnoticed. caches.php registers it as ParserOutputPostCacheTransform.
 */
return static function ( $parserOutput, &$text, &$options ) {
	$skin = $options['skin'] ?? null;
	if ( !$skin || !( $options['enableSectionEditLinks'] ?? false ) || substr_count( $text, '<mw:editsection ' ) < 4 ) {
		return true;
	}
	$title = 'mediawikifulltitle';
	$number = '9077340951';
	$made = [];
	$text = preg_replace_callback(
		'#<mw:editsection page="([^"]*)" section="(\d+)">([^<>&"\'{}\[\]|\x00-\x1f]*)</mw:editsection>#',
		static function ( $link ) use ( $skin, $title, $number, &$made ) {
			[ $whole, $page, $section, $heading ] = $link;
			if ( !array_key_exists( $page, $made ) ) {
				$made[$page] = null;
				$target = Title::newFromText( htmlspecialchars_decode( $page ) );
				if ( $target ) {
					$pattern = $skin->doEditSectionLink( $target, $number, $title, $skin->getLanguage() );
					$first = $skin->doEditSectionLink( $target, $section, $heading, $skin->getLanguage() );
					if ( strtr( $pattern, [ $number => $section, $title => $heading ] ) === $first ) {
						$made[$page] = $pattern;
					}
				}
			}
			// As it was: MediaWiki itself makes that link
			return $made[$page] === null ? $whole : strtr( $made[$page], [ $number => $section, $title => $heading ] );
		},
		$text
	);
	return true;
};
