/**
 * The path that every machine with the keyring package has to be able to go,
 * on any release of Debian: up with the suite, back with it, up again.
 */
import assert from 'node:assert/strict';
import { unfitForRoots, type Codename } from '../../fixtures/debian-root.js';
import { needs } from '../../fixtures/machine.js';
import { movingWiki } from '../../fixtures/moving-wiki.js';
import { MovingMachine } from './moving-machine.js';

/** Boots the machine in a hook of the suite that is being described, and removes it. */
export function useMachine(codename: Codename): () => MovingMachine {
  let machine: MovingMachine | undefined;
  before(async function () {
    await needs(this, { root: true, also: async () => (await unfitForRoots()) ?? null });
    machine = await MovingMachine.boot(await movingWiki(codename));
  });
  after(async () => {
    await machine?.remove();
  });
  return () => machine!;
}

/** The first step of a suite: the machine follows the archive by its keyring package, and gets content. */
export function defineContent(machine: () => MovingMachine): void {
  it('has the wiki of the first snapshot', async () => {
    await machine().update();
    await machine().writeContent();
    await machine().assertAt(machine().sets.first, 'first');
  });
}

/** Leaves the machine, and the suite that it follows, at the second snapshot. */
export function defineMainPath(machine: () => MovingMachine): void {
  it('is upgraded to the second snapshot', async () => {
    const { second, unstable } = machine().sets;
    await machine().archive('publish', second.id, unstable);
    await machine().follow();
    await machine().assertAt(second, 'second');
  });

  it('goes back, every package of the set, when the suite is rolled back', async () => {
    const { first, unstable } = machine().sets;
    await machine().archive('rollback', unstable, '--reason', 'the second set is no good');
    assert.equal((await machine().pointsAt(unstable)).id, first.id);
    const { stdout } = await machine().follow();
    assert.match(stdout, /^0 upgraded, 0 newly installed, 5 downgraded, 0 to remove /m);
    await machine().assertAt(first, 'first');
  });

  it('goes forward again', async () => {
    const { second, unstable } = machine().sets;
    await machine().archive('publish', second.id, unstable, '--reason', 'it is good after all');
    await machine().follow();
    await machine().assertAt(second, 'second');
  });
}
