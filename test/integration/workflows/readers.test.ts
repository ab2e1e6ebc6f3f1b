/** Readers never wait and never see a mix: clients that ask all the time while a suite moves to and fro. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serveArchive } from '../../../src/archive/static-server.js';
import { publish } from '../../../src/workflows/move/publish.js';
import { rollback } from '../../../src/workflows/move/rollback.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';
import { MoveBench } from './move-bench.js';

const moves = 100;

describe('clients during moves', function () {
  this.timeout(300_000);
  let bench: MoveBench;
  const stop = new AbortController();

  before(async () => {
    bench = await MoveBench.make();
  });
  after(async () => {
    stop.abort();
    await bench.end();
  });

  it(`see no hash mismatch while a suite is published and rolled back ${moves} times`, async () => {
    const { context, work } = bench;
    const server = await serveArchive({ root: context.places.public, port: 0, signal: stop.signal });
    Object.assign(context.workspace.archive, { baseUrl: server.url });
    const [first, second] = [await bench.cutWiki('1.0'), await bench.cutWiki('2.0')];
    await bench.publish(first);
    const sources = await readFile(join(context.places.public, 'debian/set-unstable.sources'), 'utf8');
    let ended = false;
    const seen = new Set<string>();
    let updates = 0;
    const client = async (name: string): Promise<void> => {
      const apt = await IsolatedApt.make(join(work.root, name), sources);
      while (!ended) {
        assert.deepEqual(await apt.update(), []);
        updates++;
        const listed = await apt.versions('set-full');
        seen.add(listed.join(' '));
        const { exitCode, stderr } = await apt.run('apt-get', '-s', 'install', 'set-full');
        assert.equal(exitCode, 0, stderr);
      }
    };
    const clients = Promise.all([client('one'), client('two')]);
    // A client's fault ends the test at once, and not after all the moves
    let fault: unknown;
    clients.catch((error: unknown) => (fault = error));
    for (let at = 0; at < moves && fault === undefined; at++) {
      // Ten seconds each, so that all of it lies before the present, as apt has it
      work.clock.move(10);
      if (at % 2 === 0) {
        const request = { id: second, suite: 'set-unstable', reason: undefined, lower: false, dryRun: false };
        await publish(context, request);
      } else {
        await rollback(context, {
          suite: 'set-unstable',
          to: undefined,
          reason: 'again',
          schemaChange: false,
          supersede: false,
          dryRun: false,
          onOutlook: () => undefined,
        });
      }
    }
    ended = true;
    await clients;
    assert.deepEqual([...seen].sort(), ['1.0', '2.0 1.0']);
    assert.ok(updates > 10, `${updates} updates`);
    assert.equal((await bench.history('set-unstable')).length, moves + 1);
  });
});
