import { describeBootedWiki } from './scenario.js';

describeBootedWiki({
  title: 'mediawiki-full of mediawiki-1.39 on a booted Debian 12',
  codename: 'bookworm',
  thorough: true,
});
