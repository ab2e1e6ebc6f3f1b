/** Snapshots and histories for people: tables on stdout. What comes from manifests is made harmless here. */
import { evidenceSentence } from '../explain/evidence.js';
import { counted } from '../../counted.js';
import { formatBytes } from './progress-lines.js';
import { cleanLine } from '../../plain-text.js';
import { renderTable } from './table.js';
import type { SnapshotManifest } from '../../snapshot/manifest.js';
import { skippedIn } from '../../snapshot/skipped-versions.js';
import { pinVersion } from '../../comparison/snapshot-diff.js';
import type { SuitePointer } from '../../suite/pointers.js';
import type { Provenance } from '../../source/pin.js';
import type { HistoryResult, ShowResult, SnapshotsResult } from '../../workflows/reading/reading-results.js';

/** `2026-11-23 10:15`, in UTC. */
export function shortTime(iso: string): string {
  return cleanLine(iso.slice(0, 16).replace('T', ' '));
}

function table(head: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  return renderTable(
    head,
    rows.map((row) => row.map(cleanLine)),
    columns,
  );
}

/** Suites that point at it by name; those that only list it say so. */
export function suiteWords(suites: readonly SuitePointer[]): string {
  return suites.map(({ suite, as }) => (as === 'current' ? suite : `${suite} (listed)`)).join(', ');
}

/** In a column, where all of them would push the others away. */
function fewIds(ids: readonly string[]): string {
  return ids.length <= 2 ? ids.join(', ') : `${ids[0]} and ${ids.length - 1} more`;
}

export function renderSnapshots({ snapshots }: SnapshotsResult, columns?: number): string {
  const head = ['id', 'profile', 'created', 'packages', 'sources', 'changed', 'security', 'suites'];
  return table(
    head,
    snapshots.map((snapshot) => [
      snapshot.id,
      snapshot.profile,
      shortTime(snapshot.created),
      String(snapshot.packages),
      String(snapshot.sources),
      snapshot.change ?? '(its parent was dropped)',
      fewIds(snapshot.security),
      suiteWords(snapshot.suites),
    ]),
    columns,
  );
}

export function renderHistory({ moves }: HistoryResult, columns?: number): string {
  const head = ['when', 'who', 'action', 'from', 'to', 'security', 'why'];
  return table(
    head,
    moves.map((move) => [
      shortTime(move.at),
      move.by,
      move.fromSuite === undefined ? move.action : `${move.action} from ${move.fromSuite}`,
      move.from ?? '-',
      move.reissues === undefined ? move.to : `${move.to} (re-issues ${move.reissues})`,
      fewIds(move.security ?? []),
      move.reason ?? '',
    ]),
    columns,
  );
}

export function renderShow(
  { manifest, sha256, evidence, suites, signature }: ShowResult,
  columns?: number,
): string {
  const section = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string =>
    rows.length === 0 ? '' : `${title}\n${table(head, rows, columns)}`;
  const size = manifest.packages.reduce((sum, entry) => sum + entry.size, 0);
  const facts: [string, string][] = [
    ['snapshot', manifest.id],
    [
      'profile',
      `${manifest.profile}${manifest.description === undefined ? '' : `: ${manifest.description}`}`,
    ],
    ['created', `${shortTime(manifest.created)} by ${manifest.tool.name} ${manifest.tool.version}`],
    ['base', baseWords(manifest.base)],
    ['parent', manifest.parent?.id ?? 'none (first snapshot)'],
    ['suites', suiteWords(suites) || 'none'],
    ['security', manifest.security?.join(', ') ?? 'not flagged'],
    ...schemaFact(manifest),
    ...(manifest.supersedes === undefined
      ? []
      : [
          [
            're-issues',
            `${manifest.supersedes.content.id}, above the versions of ${manifest.supersedes.above.id}`,
          ] satisfies [string, string],
        ]),
    ['manifest', `SHA-256 ${sha256}, signature ${signature}`],
    [
      'size',
      `${counted(manifest.packages.length, 'package')}, ${formatBytes(size)}; ${counted(manifest.sources.length, 'source package')}`,
    ],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    facts.map(([name, value]) => `${name.padEnd(width)}  ${cleanLine(value)}`).join('\n'),
    section('Components', ['component', 'version', 'built by', 'vouched for by'], componentRows(manifest)),
    section(
      'Skipped versions',
      ['component', 'version', 'until', 'why', 'note'],
      skippedIn(manifest).map(({ component, version, until, reason, security }) => [
        component,
        version,
        until,
        reason,
        security ? 'security fixes missing' : '',
      ]),
    ),
    section('Packages', ['package', 'version', 'architecture', 'size', 'component'], packageRows(manifest)),
    section('Source packages', ['source', 'version', 'files', 'size'], sourceRows(manifest)),
    section(
      'Evidence',
      ['gate', 'state', 'detail'],
      evidence.map((one) => [one.gate, one.state, evidenceSentence(one)]),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function baseWords({ distribution, release, codename, architectures }: SnapshotManifest['base']): string {
  return `${distribution} ${release} (${codename}), ${architectures.join(', ')}`;
}

/** Of a set without a database there is nothing to say. */
function schemaFact({ schema }: SnapshotManifest): [string, string][] {
  if (schema === undefined) return [];
  return [['schema', `${schema.component} ${schema.version}, ${schema.digest.slice(0, 12)}`]];
}

function componentRows({ components }: SnapshotManifest): string[][] {
  return Object.entries(components).map(([name, { pin, build }]) => [
    name,
    pinVersion(pin),
    build.method,
    voucher(pin.provenance),
  ]);
}

/** The signature that the whole proof hangs on; the last step where there is none. */
function voucher(provenance: readonly Provenance[]): string {
  const signed = provenance.find(({ kind }) => kind === 'signature');
  if (signed !== undefined) return `${signed.step} by ${signed.by}`;
  const last = provenance.at(-1);
  return last === undefined ? '' : `${last.step} ${last.subject}`;
}

function sourceRows({ sources }: SnapshotManifest): string[][] {
  return sources.map(({ package: name, version, files }) => [
    name,
    version,
    String(files.length),
    formatBytes(files.reduce((sum, { size }) => sum + size, 0)),
  ]);
}

function packageRows({ packages }: SnapshotManifest): string[][] {
  return packages.map((entry) => [
    entry.package,
    entry.version,
    entry.architecture,
    formatBytes(entry.size),
    entry.component,
  ]);
}
