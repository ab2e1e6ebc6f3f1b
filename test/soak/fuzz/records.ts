/** Target: the record of a workspace, its own state and its archive, with one file of them changed. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { diff } from '../../../src/workflows/reading/diff.js';
import { history } from '../../../src/workflows/reading/history.js';
import { show } from '../../../src/workflows/reading/show.js';
import { status } from '../../../src/workflows/reading/status.js';
import { publish } from '../../../src/workflows/move/publish.js';
import { rollback } from '../../../src/workflows/move/rollback.js';
import { drop } from '../../../src/workflows/upkeep/drop.js';
import { gc } from '../../../src/workflows/upkeep/gc.js';
import { refresh } from '../../../src/workflows/upkeep/refresh.js';
import { verify } from '../../../src/workflows/upkeep/verify.js';
import { SnapshotWorkspace } from '../../fixtures/snapshots.js';
import type { Random } from '../../fixtures/random.js';
import { mutatedBytes, mutatedText } from './mutate.js';
import { mustHold, type Target } from './target.js';

/** What is signed: a change of it that nobody sees would be a change of the past. */
const signed = /^snapshots\/(?:[^/]+\/\d{8}T\d{6}Z\.json|history\/.*\.jsonl)$/;

export const recordTarget: Target = {
  name: 'record',
  async start() {
    const work = await SnapshotWorkspace.make();
    const { context } = work;
    const suite = 'set-unstable';
    const ids: string[] = [];
    for (const version of ['1.0-1', '1.1-1', '1.2-1', '1.3-1']) {
      const { manifest } = await work.cut({
        packages: [
          { package: 'wiki', version },
          { package: 'cache', version: '1-1' },
        ],
      });
      ids.push(manifest.id);
    }
    const [one, two, three, four] = ids as [string, string, string, string];
    const telling = { dryRun: false, onOutlook: () => undefined };
    const moving = { suite, schemaChange: false, supersede: false, reason: 'it broke' };
    for (const id of [one, two])
      await publish(context, { id, suite, reason: undefined, dryRun: false, lower: false });
    await rollback(context, { ...moving, ...telling, to: undefined });
    await drop(context, { id: four, reason: 'not needed', dryRun: false });
    const before = await filesBelow(work.root);
    const names = [...before.keys()].filter((name) => !/\.deb$|keys\/|\.lock$/.test(name)).sort();

    const acts: readonly (() => Promise<unknown>)[] = [
      () => status(context, undefined),
      () => history(context, suite),
      () => show(context, two),
      () => diff(context, { from: one, to: two, contents: true }),
      () => publish(context, { id: three, suite, reason: undefined, dryRun: true, lower: false }),
      () => rollback(context, { ...moving, dryRun: true, onOutlook: () => undefined, to: undefined }),
      () => gc(context, { grace: 0, dryRun: true }),
      () => refresh(context, { suites: [], force: true, formerKeys: [], dryRun: true }),
      () => publish(context, { id: three, suite, reason: undefined, dryRun: false, lower: false }),
      () => verify(context, { target: undefined, repair: true, keyrings: [] }),
    ];
    return {
      async run(random: Random, keep) {
        const name = random.of(names);
        const from = before.get(name)!;
        const like = names.filter((other) => other !== name && dirname(other) === dirname(name));
        const bytes = changed(from, random, like.length === 0 ? from : before.get(random.of(like))!);
        keep(`${name}\n${bytes.toString('latin1')}`);
        await writeFile(join(work.root, name), bytes);
        let isClean: boolean;
        let refused = 0;
        try {
          isClean = await verify(context, { target: undefined, repair: false, keyrings: [] }).then(
            ({ faults }) => faults.length === 0,
            coded,
          );
          for (const act of acts) {
            if (random.chance(2)) continue;
            await act().catch((error: unknown) => {
              refused++;
              coded(error);
            });
          }
        } finally {
          await restore(work.root, before);
        }
        mustHold(!isClean || !signed.test(name) || bytes.equals(from), `verify sees the change of ${name}`);
        return isClean && refused === 0 ? 'taken' : 'refused';
      },
      stop: () => work.remove(),
    };
  },
};

/** A fault that has a code is an answer. */
function coded(error: unknown): false {
  if (error instanceof LockstepError) return false;
  throw error;
}

function changed(from: Buffer, random: Random, neighbour: Buffer): Buffer {
  switch (random.below(6)) {
    case 0:
      return Buffer.alloc(0);
    case 1: {
      const lines = from.toString('latin1').split('\n');
      return Buffer.from(
        lines.slice(0, random.below(lines.length)).join('\n') + random.of(['', '\n']),
        'latin1',
      );
    }
    case 2:
      return neighbour;
    case 3:
      return Buffer.from(mutatedText(from.toString('utf8'), random));
    case 4: {
      const bytes = Buffer.from(from);
      if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      return bytes;
    }
    default:
      return mutatedBytes(from, random, [neighbour]);
  }
}

async function filesBelow(root: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [relative(root, file), await readFile(file)] as const)),
  );
}

async function restore(root: string, before: ReadonlyMap<string, Buffer>): Promise<void> {
  const now = await filesBelow(root);
  for (const name of now.keys()) if (!before.has(name)) await rm(join(root, name));
  for (const [name, bytes] of before) {
    if (now.get(name)?.equals(bytes) === true) continue;
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes);
  }
}
