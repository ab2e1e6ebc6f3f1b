import { archiveUnderTest } from './archive-under-test.js';
import { describeBootedWiki } from './scenario.js';

describeBootedWiki({
  title: 'mediawiki-full of mediawiki-1.43 on a booted Debian 13',
  archive: () => archiveUnderTest('trixie'),
  thorough: false,
});
