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
    release: z.enum(baseReleases.map((known) => known.release)).describe('Release number, in quotes: "12"'),
    codename: z.enum(baseReleases.map((known) => known.codename)),
    architectures: z
      .array(z.enum(baseArchitectures))
      .min(1)
      .describe('Architectures that packages are resolved and built for'),
  })
  .describe('The base distribution that the set is built for and installed on');

const build = z
  .discriminatedUnion('method', [
    z
      .strictObject({ method: z.literal('debian') })
      .describe(
        'Build with its debian/ directory: packaging/<component>/debian, or the one in the source package',
      ),
    z
      .strictObject({
        method: z.literal('tree'),
        template: slug
          .optional()
          .describe(
            'The folder in templates/ whose package.yaml maps the files; not needed for a MediaWiki extension or skin, which extension.json or skin.json describes',
          ),
        as: z
          .enum(['extension', 'skin'])
          .optional()
          .describe(
            'Without a template: whether its tree is a MediaWiki extension (default) or skin. Its package is mediawiki-extension-<component> or mediawiki-skin-<component>',
          ),
      })
      .describe(
        'Build a package from its tree, as described by a template or by its own extension.json or skin.json',
      ),
  ])
  .describe('How its packages are built');

const skip = z
  .strictObject({
    version: z
      .string()
      .describe(
        'Version as "lockstep outdated" shows it: "1:1.43.12-1~deb13u1", a tag; or the upstream version: "1.43.12"',
      ),
    reason: oneLine.describe('The reason, in one line; resolve, release and status show it'),
    until: z.iso
      .date({ error: 'must be a date such as 2026-12-13' })
      .describe('The first day (UTC) on which it has no effect, at most 90 days ahead'),
  })
  .describe('A version that is skipped for a limited time');

const component = z
  .strictObject({
    source,
    build: build.optional(),
    packages: z
      .array(packageName)
      .min(1)
      .optional()
      .describe('The built packages that become part of the set (method debian)'),
    requires: z
      .record(componentName, constraint)
      .optional()
      .describe('Demands of this component on other components, by name: "^0.20", ">=1.43 <1.45"'),
    relation: z
      .enum(['exact', 'minimum', 'series'])
      .default('exact')
      .describe(
        'Dependency of the metapackage: exact = this version; minimum = this version or later; series = same X.Y',
      ),
    skip: z.array(skip).min(1).optional().describe('Versions to skip, each until a date: lockstep skip'),
  })
  .describe('A component of the set');

const database = z
  .strictObject({
    component: componentName.describe('The component whose software creates and updates the tables'),
    paths: z
      .array(treePattern)
      .min(1)
      .describe(
        'Patterns of the files in its tree that do so: "maintenance/**/*.sql". If they do not change, the schema does not change',
      ),
  })
  .describe('How to detect a change of the database schema; leave it out if the set has no database');

const metapackage = z
  .strictObject({
    name: packageName.describe('Name of the metapackage, which depends on the whole set'),
    lead: componentName.describe('The component whose upstream version it has'),
    templates: z.array(slug).min(1).describe('Folders in templates/, one for each package to build'),
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
    description: oneLine.describe('Description of the set, in one line'),
    base,
    components: z
      .record(componentName, component)
      .refine((components) => Object.keys(components).length > 0, {
        error: 'must contain at least one component',
      })
      .describe('The components of the set, by name'),
    metapackage,
  })
  .describe('A Lockstep release profile');

/** profiles/<name>.yaml of a set that is made elsewhere, as written. */
export const importedProfileSchema = z
  .strictObject({
    format: z.literal(1).describe('The format of this file'),
    kind: z
      .literal('imported')
      .describe('The packages of this set are built elsewhere and imported with lockstep import'),
    description: oneLine.describe('Description of the set, in one line'),
    versions: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(1)
      .describe('Maximum number of versions per package: the newest imported ones are kept'),
    base,
  })
  .describe('A Lockstep profile of imported packages');

/** What editors check a profile with: it is of one form or of the other. */
export const anyProfileSchema = z.union([profileSchema, importedProfileSchema]);

export type ProfileFile = z.output<typeof profileSchema>;
/** Replaces a component's source in one run (`--with`); a profile cannot contain it. */
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
export interface ProfileBase extends z.output<typeof base> {
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
