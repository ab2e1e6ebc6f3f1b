/** Evidence in sentences: what a gate ran with and found. */
import { z } from 'zod';
import { counted } from '../../counted.js';
import type { Evidence } from '../../snapshot/evidence.js';
import { noteWords, type InstallNote } from '../../vetting/install/install-note.js';

const vetting = z.object({
  parameters: z.object({ rules: z.number(), except: z.array(z.string()) }),
  facts: z.object({ packages: z.number(), origin: z.enum(['built', 'imported']) }),
});

const installability = z.object({
  parameters: z.object({
    apt: z.string(),
    base: z.string(),
    architectures: z.array(z.string()),
    metapackage: z.string(),
  }),
  facts: z.object({
    from: z.array(z.string()),
    homonym: z.object({ package: z.string(), version: z.string() }).nullable(),
    notes: z.array(z.custom<InstallNote>()),
  }),
  tests: z.object({ warned: z.array(z.string()) }),
});

const readability = z.object({
  parameters: z.object({ apt: z.string(), machine: z.string(), base: z.string() }),
  facts: z.object({ packages: z.number(), read: z.number(), before: z.string().nullable() }),
});

const signature = z.object({
  facts: z.object({ signers: z.array(z.string()), uncovered: z.number().default(0) }),
});

/** One line for people. A gate that this Lockstep does not know is printed as JSON; format 1 brings its sentence. */
export function evidenceSentence(evidence: Evidence): string {
  const { of } = evidence;
  return of === undefined ? sentence(evidence) : `${sentence(evidence)} (of ${of.id}, the same content)`;
}

function sentence(evidence: Evidence): string {
  const { gate, facts } = evidence;
  if (typeof facts['detail'] === 'string') return facts['detail'];
  if (gate === 'vetting') {
    const known = vetting.safeParse(evidence).data;
    if (known !== undefined) return vettingSentence(known);
  }
  if (gate === 'installability') {
    const known = installability.safeParse(evidence).data;
    if (known !== undefined) return installSentence(known);
  }
  if (gate === 'readability') {
    const known = readability.safeParse(evidence).data;
    if (known !== undefined) return readingSentence(known);
  }
  if (gate === 'signature') {
    const known = signature.safeParse(evidence).data;
    if (known !== undefined) return signatureSentence(known.facts);
  }
  return JSON.stringify(facts);
}

function vettingSentence({ parameters, facts }: z.infer<typeof vetting>): string {
  const except = parameters.except.length === 0 ? '' : ` except ${parameters.except.join(' and ')}`;
  return `${counted(facts.packages, `${facts.origin} package`)}, rules ${parameters.rules}${except}: no finding`;
}

function signatureSentence({ signers, uncovered }: z.infer<typeof signature>['facts']): string {
  const of = uncovered === 0 ? '' : `; they do not cover ${counted(uncovered, 'package')} of the set`;
  return `uploads signed by ${signers.join(', ')}${of}`;
}

function readingSentence({ parameters, facts }: z.infer<typeof readability>): string {
  const { apt, machine, base } = parameters;
  const before = facts.before === null ? '' : `, and ${facts.before} has the others`;
  const own = machine === base ? '' : `; it is the apt of ${machine}, not of ${base}`;
  return `apt ${apt} reads ${counted(facts.read, 'paragraph')} of ${facts.packages}${before}${own}`;
}

function installSentence({ parameters, facts, tests }: z.infer<typeof installability>): string {
  const { apt, base, architectures, metapackage } = parameters;
  const { from, homonym, notes } = facts;
  const scenarios = [
    `fresh install of ${metapackage} with and without Recommends`,
    ...(from.length === 0 ? [] : [`upgrade from and way back to ${from.join(', ')}`]),
    ...(homonym === null ? [] : [`upgrade from ${base}'s own ${homonym.package} ${homonym.version}`]),
    ...(tests.warned.length === 0
      ? ['no file in two packages']
      : tests.warned.map((test) => `${test}: not checked everywhere`)),
  ];
  const said = notes.length === 0 ? '' : ` (noted: ${notes.map((note) => noteWords(note, base)).join('; ')})`;
  return `apt ${apt}, ${base} on ${architectures.join(', ')}: ${scenarios.join('; ')}${said}`;
}
