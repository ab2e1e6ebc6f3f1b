import { defineAdoption, OldMachine, useOldMachine } from '../../fixtures/wiki-adopted.js';

describe("a wiki of Debian 13's package with MariaDB, and mediawiki-full", function () {
  this.timeout(2_400_000);
  const machine = useOldMachine(() => OldMachine.boot('trixie', 'mariadb'));
  defineAdoption(machine, ['/etc', '/var/www', '/var/lib/mediawiki', '/srv', '/usr/share/mediawiki/skins']);
});
