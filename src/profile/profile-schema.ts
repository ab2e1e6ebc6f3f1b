/**
 * The shape of profiles/<name>.yaml: which components, from where, in which
 * version ranges, for which base distribution; or that its packages are
 * imported. It owns types and descriptions; what refers to what is checked in
 * profile-rules.ts.
 */
import { z } from 'zod';
import { baseArchitectures, baseReleases } from './base-release.js';
import { componentName, constraint, oneLine, packageName, settingName, slug, treePattern } from './names.js';
import { source } from './source-schema.js';

const base = z
  .strictObject({
    distribution: z.literal('debian'),
    release: z.enum(baseReleases.map((known) => known.release)).describe('Its number, in quotes: "12"'),
    codename: z.enum(baseReleases.map((known) => known.codename)),
    architectures: z
      .array(z.enum(baseArchitectures))
      .min(1)
      .describe('What packages are resolved and built for'),
  })
  .describe('The base distribution that the set is built for and installed on');

const build = z
  .discriminatedUnion('method', [
    z
      .strictObject({ method: z.literal('debian') })
      .describe('By its debian/ directory: packaging/<component>/debian, or the one of the source package'),
    z
      .strictObject({
        method: z.literal('tree'),
        template: slug
          .optional()
          .describe(
            'The folder in templates/ whose package.yaml says what goes where; needless for an extension or a skin of MediaWiki, which extension.json or skin.json describes',
          ),
        as: z
          .enum(['extension', 'skin'])
          .optional()
          .describe(
            'Without a template: what of MediaWiki its tree is, an extension if left out. Its package is mediawiki-extension-<component> or mediawiki-skin-<component>',
          ),
      })
      .describe('Its tree is put into a package as a template, or its own extension.json or skin.json, says'),
  ])
  .describe('How packages are made of it');

const skip = z
  .strictObject({
    version: z
      .string()
      .describe(
        'As "lockstep outdated" names it: "1:1.43.12-1~deb13u1", a tag; or the version of upstream: "1.43.12"',
      ),
    reason: oneLine.describe('Why, in one line; resolve, release and status tell it'),
    until: z.iso
      .date({ error: 'must be a day: 2026-12-13' })
      .describe('The day (UTC) from which on it has no effect, at most 90 days ahead'),
  })
  .describe('A version that is passed over for a while');

const component = z
  .strictObject({
    source,
    build: build.optional(),
    packages: z
      .array(packageName)
      .min(1)
      .optional()
      .describe('Which of the packages that are built go into the set (method debian)'),
    requires: z
      .record(componentName, constraint)
      .optional()
      .describe('What this component demands of others of the set, by name: "^0.20", ">=1.43 <1.45"'),
    relation: z
      .enum(['exact', 'minimum', 'series'])
      .default('exact')
      .describe(
        'What the metapackage demands: exact = this version; minimum = this or later; series = of the same X.Y',
      ),
    skip: z
      .array(skip)
      .min(1)
      .optional()
      .describe('Versions that are passed over, each until a day: lockstep skip'),
  })
  .describe('A piece of software of the set');

const database = z
  .strictObject({
    component: componentName.describe('The component whose software makes and updates the tables'),
    paths: z
      .array(treePattern)
      .min(1)
      .describe(
        'The files of its tree that do so, as patterns: "maintenance/**/*.sql". While they stay the same, so does the schema',
      ),
  })
  .describe('How the database schema of the set is told; left out where the set has no database');

const metapackage = z
  .strictObject({
    name: packageName.describe('The package that pulls in the whole set'),
    lead: componentName.describe('The component whose upstream version it carries'),
    templates: z.array(slug).min(1).describe('Folders in templates/, one for each package made with it'),
    settings: z
      .record(settingName, z.json())
      .default({})
      .describe('Values for templates: {{settings.<key>}}'),
    database: database.optional(),
  })
  .describe('The package that installs and configures the whole set');

/** profiles/<name>.yaml, as written. */
export const profileSchema = z
  .strictObject({
    format: z.literal(1).describe('The format of this file'),
    description: oneLine.describe('What the set is, in one line'),
    base,
    components: z
      .record(componentName, component)
      .refine((components) => Object.keys(components).length > 0, {
        error: 'must hold at least one component',
      })
      .describe('The software of the set, by name'),
    metapackage,
  })
  .describe('A Lockstep release profile');

/** profiles/<name>.yaml of a set that is made elsewhere, as written. */
export const importedProfileSchema = z
  .strictObject({
    format: z.literal(1).describe('The format of this file'),
    kind: z
      .literal('imported')
      .describe('The packages of this set are built elsewhere and brought in by lockstep import'),
    description: oneLine.describe('What the set is, in one line'),
    versions: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(1)
      .describe('How many versions of a package the set has at most: the newest of those that were imported'),
    base,
  })
  .describe('A Lockstep profile of imported packages');

/** What editors check a profile with: it is of one form or of the other. */
export const anyProfileSchema = z.union([profileSchema, importedProfileSchema]);

export type ProfileFile = z.output<typeof profileSchema>;
/** Stands in for a component's source in one run (`--with`); no profile can say it. */
export interface LocalConfig {
  kind: 'local';
  /** Absolute. */
  path: string;
  /** As it was typed. */
  typed: string;
}

export type ComponentSource = ProfileFile['components'][string]['source'] | LocalConfig;
export type AptSourceConfig = Extract<ComponentSource, { kind: 'apt-source' }>;
export type AptBinaryConfig = Extract<ComponentSource, { kind: 'apt-binary' }>;
export type GitConfig = Extract<ComponentSource, { kind: 'git' }>;
export type TarballConfig = Extract<ComponentSource, { kind: 'tarball' }>;
export type ComponentBuild = NonNullable<ProfileFile['components'][string]['build']>;
/** How a component is put into a package without a debian/ directory. */
export type TreeBuild = Extract<ComponentBuild, { method: 'tree' }>;
export type RelationRule = ProfileFile['components'][string]['relation'];
export type Component = Omit<ProfileFile['components'][string], 'source'> & { source: ComponentSource };

/** The base of a profile, with what follows from it. */
export interface ProfileBase {
  distribution: 'debian';
  release: string;
  codename: string;
  architectures: string[];
  /** Suites of the base that packages are taken from: `bookworm`, `bookworm-updates`, `bookworm-security`. */
  suites: string[];
  phpVersion: string;
}

interface NamedProfile {
  name: string;
  /** Its file, relative to the workspace: `profiles/mediawiki-1.39.yaml`. */
  file: string;
  base: ProfileBase;
}

/** A profile that was read and found good. */
export interface Profile extends Omit<ProfileFile, 'base' | 'components'>, NamedProfile {
  components: Record<string, Component>;
}

/** A profile of imported packages that was read and found good. */
export interface ImportedProfile extends Omit<z.output<typeof importedProfileSchema>, 'base'>, NamedProfile {}
