import { describeBootedWiki } from './scenario.js';

describeBootedWiki({
  title: 'mediawiki-full of mediawiki-1.43 on a booted Debian 13',
  codename: 'trixie',
  thorough: false,
});
