/**
 * Reads built packages and holds them to the rules. A verdict is remembered by
 * the package's hash and the rules' version: bytes that passed pass again.
 */
import { z } from 'zod';
import type { DebBudget } from '../deb/deb-budget.js';
import { readDeb } from '../deb/deb-file.js';
import { relationsOf } from '../deb/relation.js';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { sha256Of } from '../io/disk.js';
import type { BuiltPackage } from '../build/built.js';
import type { EvidenceDraft } from '../snapshot/evidence.js';
import {
  ruleNames,
  vetOverlaps,
  vettedMember,
  vetPackage,
  type RuleBreach,
  type RuleName,
  type VettedPackage,
} from './package-rules.js';
import { keptOrMade } from '../io/kept-json.js';
import { inCache } from '../io/cache-folders.js';

/** Raised whenever a rule changes, so that old verdicts are not taken for new ones. */
export const rulesVersion = 1;

/**
 * The evidence that packages passed the rules.
 *
 * @param origin of the packages: `imported` ones are not held to the rules in `except`
 */
export function vettingEvidence(
  packages: number,
  origin: 'built' | 'imported',
  except: readonly RuleName[] = [],
): EvidenceDraft {
  return {
    gate: 'vetting',
    state: 'passed',
    parameters: { rules: rulesVersion, except },
    facts: { packages, origin },
    tests: { passed: ruleNames.filter((rule) => !except.includes(rule)), warned: [], failed: [] },
  };
}

export interface VettingContext {
  store: ContentStore;
  /** Folder for verdicts. */
  cacheDir: string;
  /** How much of each package is read. */
  budget: DebBudget;
  signal?: AbortSignal | undefined;
}

/**
 * Vets a set of built packages, each by itself and together.
 *
 * @returns the evidence for the snapshot
 * @throws LockstepError VETTING_FAILED with every finding, DEB_ARCHIVE, DEB_UNSAFE_NAME
 */
export async function vetSet(
  packages: readonly BuiltPackage[],
  context: VettingContext,
): Promise<EvidenceDraft> {
  const set = sha256Of(
    packages
      .map((built) => built.file.sha256)
      .sort()
      .join('\n'),
  );
  // Only of a set that passed something is kept
  const passed = z.object({ rules: z.literal(rulesVersion), set: z.literal(set) });
  await keptOrMade(inCache(context.cacheDir, 'vetting', `${set}.json`), passed, async () => {
    const contents: VettedPackage[] = [];
    for (const built of packages) contents.push(await readContents(built, context));
    const findings = [...contents.flatMap(vetPackage), ...vetOverlaps(contents)];
    if (findings.length > 0) throw refused(findings);
    return { rules: rulesVersion, set } as const;
  });
  return vettingEvidence(packages.length, 'built');
}

async function readContents(built: BuiltPackage, context: VettingContext): Promise<VettedPackage> {
  const deb = await readDeb(context.store.open(built.file.sha256), {
    decompress: decompressByName,
    file: built.file.name,
    budget: context.budget,
  });
  const members = [];
  for await (const { header } of deb.files) {
    context.signal?.throwIfAborted();
    members.push(vettedMember(header));
  }
  const names = (field: string): string[] =>
    relationsOf(deb.control, field).flatMap((group) => group.map((alternative) => alternative.package));
  return {
    package: built.package,
    members,
    conffiles: deb.conffiles,
    replaces: names('Replaces'),
    conflicts: [...names('Conflicts'), ...names('Breaks')],
  };
}

function refused(findings: readonly RuleBreach[]): LockstepError {
  return new LockstepError('VETTING_FAILED', {
    message: `${counted(findings.length, 'finding')} in the built packages: they violate the release rules`,
    hint: "Correct the package's debian/ directory or template; nothing was cut or published.",
    where: findings.map(({ package: file, path, rule, message }) => ({
      file,
      path,
      message: `${message} [${rule}]`,
    })),
  });
}
