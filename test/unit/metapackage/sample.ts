import { parseProfile, parseWorkspace } from '../../../src/profile/load.js';
import type { SetInput } from '../../../src/metapackage/compose.js';
import type { TemplateFolder } from '../../../src/metapackage/template-folder.js';
import type { Pin } from '../../../src/source/pin.js';

/** A small set: a wiki built from source, its parser in a tree, a cache of the base distribution. */
const profileText = `format: 1
description: A wiki
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64, arm64] }
components:
  wiki:
    source: { kind: apt-source, package: wiki, version: "~1.39.0" }
    build: { method: debian }
    packages: [wiki, wiki-data]
    relation: exact
  parser:
    source: { kind: within, component: wiki, path: vendor/wiki/parser }
    build: { method: tree, template: wiki-parser }
    relation: exact
  cache:
    source: { kind: apt-binary, packages: [varnish], version: ">=7.1 <8" }
    relation: series
metapackage:
  name: wiki-full
  lead: wiki
  templates: [wiki-full, wiki-full-config]
  settings: { siteName: Ours }
`;

const workspaceText = `format: 1
archive:
  name: farm
  origin: Farm
  label: Farm
  description: Wikis
  baseUrl: https://apt.example.org:8080/x
  maintainer: Farm Team <farm@example.org>
signing: { method: openpgp }
suites:
  wiki-stable: { profile: wiki, trust: stable }
  wiki-unstable: { profile: wiki, trust: unstable }
`;

export const profile = parseProfile(profileText, 'wiki').value!;
export const workspace = parseWorkspace(workspaceText, { root: '/w', profileNames: ['wiki'] }).value!;

const file = (name: string) => ({ name, size: 3, sha256: 'a'.repeat(64) });
const binary = (name: string, version: string, architecture: string) => ({
  package: name,
  version,
  architecture,
  source: 'varnish',
  sourceVersion: version,
  suite: 'bookworm',
  stanza: '',
  file: file(`${name}.deb`),
});

export const pins: Record<string, Pin> = {
  wiki: {
    kind: 'apt-source',
    component: 'wiki',
    upstreamVersion: '1.39.17',
    date: 1_700_000_000,
    provenance: [],
    package: 'wiki',
    version: '1:1.39.17-1',
    suite: 'bookworm',
    dsc: 'wiki.dsc',
    files: [],
  },
  parser: {
    kind: 'within',
    component: 'parser',
    upstreamVersion: '0.16.0-a17',
    date: 1_600_000_000,
    provenance: [],
    within: 'wiki',
    path: 'vendor/wiki/parser',
    archive: file('wiki_1.39.17.orig.tar.gz'),
  },
  cache: {
    kind: 'apt-binary',
    component: 'cache',
    upstreamVersion: '7.1.1',
    date: 1_650_000_000,
    provenance: [],
    packages: [
      binary('varnish', '7.1.1-2', 'amd64'),
      binary('varnish', '7.1.1-2', 'arm64'),
      binary('libvarnishapi3', '7.1.1-2', 'amd64'),
    ],
  },
};

export const built = {
  wiki: ['wiki', 'wiki-data', 'wiki-unnamed'].map((name) => ({
    package: name,
    version: '1:1.39.17-1+lockstep1',
    architecture: 'all',
  })),
};

export const key = {
  fingerprint: 'F'.repeat(40),
  binary: new Uint8Array([0x98, 1, 2]),
  date: 1_500_000_000,
  suites: [],
};

/** A template folder in memory; a name that ends in `*` is executable. */
export function folder(name: string, files: Record<string, string | Uint8Array>): TemplateFolder {
  return {
    name,
    path: `templates/${name}`,
    files: new Map(
      Object.entries(files).map(([path, content]) => [
        path.replace(/\*$/, ''),
        {
          bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content,
          executable: path.endsWith('*'),
        },
      ]),
    ),
  };
}

const head = (name: string): string => `package: ${name}\nsection: web\ndescription: about ${name}\n`;

export const templates = {
  'wiki-parser': folder('wiki-parser', {
    'package.yaml': `${head('wiki-parser')}files:\n  - { from: tree, to: /usr/share/wiki-parser, exclude: ["tests/**"] }\n`,
  }),
  'wiki-full': folder('wiki-full', {
    'package.yaml': `${head('wiki-full')}depends:\n{{#each relations}}\n  - "{{this}}"\n{{/each}}\n  - "wiki-full-config (= {{version}})"\n`,
  }),
  'wiki-full-config': folder('wiki-full-config', {
    'package.yaml': `${head('wiki-full-config')}depends: ["wiki-parser (>= {{components.parser.packages.wiki-parser.version}})"]\n`,
  }),
};

export function setInput(changes: Partial<SetInput> = {}): SetInput {
  return {
    workspace,
    profile,
    profiles: [profile],
    pins,
    built,
    templates: new Map(Object.entries(templates)),
    key,
    ...changes,
  };
}
