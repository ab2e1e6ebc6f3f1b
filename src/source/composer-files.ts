/**
 * What Composer's files say of a library: the version that is installed
 * (installed.json), and what the project around it demands (composer.json).
 * Text in, facts out; the files come from a tarball and may hold anything.
 */
import { z } from 'zod';

const composerJson = z.looseObject({
  name: z.string().optional(),
  require: z.record(z.string(), z.string()).default({}),
});

const installedPackage = z.looseObject({ name: z.string(), version: z.string() });

// Composer 1 wrote the list alone
const installedJson = z.union([
  z.looseObject({ packages: z.array(installedPackage) }).transform(({ packages }) => packages),
  z.array(installedPackage),
]);

/** The constraint that a composer.json puts on a library; null when it does not ask for it, undefined when it cannot be read. */
export function demandIn(text: string, library: string): string | null | undefined {
  const parsed = composerJson.safeParse(parseJson(text));
  return parsed.success ? (entryOf(parsed.data.require, library) ?? null) : undefined;
}

/** Composer's names do not know capital letters. */
function entryOf(require: Readonly<Record<string, string>>, library: string): string | undefined {
  return Object.entries(require).find(([name]) => name.toLowerCase() === library.toLowerCase())?.[1];
}

/** Installed libraries with their versions as Composer shows them (`v0.16.6`); undefined when it cannot be read. */
export function installedIn(text: string): Map<string, string> | undefined {
  const parsed = installedJson.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  return new Map(parsed.data.map(({ name, version }) => [name.toLowerCase(), version]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
