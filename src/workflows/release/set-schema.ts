/** Which database schema the set of a profile needs, known as soon as its sources are. */
import { LockstepError } from '../../errors.js';
import type { Profile } from '../../profile/profile-schema.js';
import type { SnapshotSchema } from '../../snapshot/manifest.js';
import { readSchema, type SchemaSource } from '../../snapshot/schema-reader.js';
import type { Pin, StoredFile } from '../../source/pin.js';
import { treeOfPin } from '../../source/pin-kinds.js';
import type { Context } from '../workspace/context.js';

/**
 * The schema of the component that the profile names, or undefined where it names none.
 *
 * @param sources files of the source packages that will be built, by component: with their patches they say
 * what the built packages will hold, before anything is built
 * @throws LockstepError SOURCE_PATH_MISSING, BUILD_PACKAGING and what reading the files throws
 */
export async function databaseSchema(
  context: Context,
  { profile, pins }: { profile: Profile; pins: ReadonlyMap<string, Pin> },
  sources: ReadonlyMap<string, readonly StoredFile[]>,
): Promise<SnapshotSchema | undefined> {
  const { database } = profile.metapackage;
  const pin = database === undefined ? undefined : pins.get(database.component);
  if (database === undefined || pin === undefined) return undefined;
  const { component, paths } = database;
  try {
    return await readSchema(
      {
        component,
        upstreamVersion: pin.upstreamVersion,
        paths,
        from: sourceOf(pin, sources.get(component), profile.base.architectures),
      },
      { store: context.store, cache: context.places.cache, signal: context.signal },
    );
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'SOURCE_PATH_MISSING') throw error;
    const where = error.where.map((place) => ({ file: profile.file, ...place }));
    throw error.with({ where, cause: error });
  }
}

function sourceOf(
  pin: Pin,
  built: readonly StoredFile[] | undefined,
  architectures: readonly string[],
): SchemaSource {
  if (pin.kind === 'apt-source') return { kind: 'source', files: built ?? pin.files };
  if (pin.kind !== 'apt-binary') return { kind: 'tree', ...treeOfPin(pin)! };
  // What makes tables is the same on every architecture
  const [first] = [...architectures].sort();
  const files = pin.packages.filter(({ architecture }) => ['all', first].includes(architecture));
  return { kind: 'packages', files: files.map(({ file }) => file) };
}
