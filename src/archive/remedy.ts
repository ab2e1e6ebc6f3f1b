/**
 * What would put a fault of the archive right: the shape, and the order in
 * which remedies are applied. Pure; apply-remedies.ts applies them.
 */
import { counted } from '../counted.js';
import type { Finding, FindingKind } from '../snapshot/finding.js';

/** One thing to do. Paths are below the root of what is published, sizes are in bytes. */
export type Remedy =
  /** A file of the pool, out of the content store. */
  | { kind: 'pool'; path: string; size: number; sha256: string }
  /** Leads to the pool from a frozen view. */
  | { kind: 'alias'; path: string; target: string }
  /** The archive's key, and the lines for a machine. */
  | { kind: 'data'; path: string; data: string | Uint8Array }
  /** An index under its hash, out of the content store or from where the same bytes are. */
  | { kind: 'by-hash'; path: string; size: number; sha256: string; copies: string[] }
  /** An index under its name; `modified` is the Date of its Release. */
  | { kind: 'index'; path: string; from: string; sha256: string; modified: Date }
  /** The Release files of a view: sign them again, or publish them again if none of them can be trusted. */
  | { kind: 'release'; view: string };

/** A fault of the archive. */
export interface ArchiveFinding extends Finding {
  /** Left out if nothing available repairs it. */
  remedy?: Remedy | undefined;
}

/** A fault that a check of the archive finds. */
export function archiveFault(
  kind: FindingKind,
  path: string,
  message: string,
  hint: string,
  remedy?: Remedy,
): ArchiveFinding {
  return { code: 'ARCHIVE_INVALID', kind, path, message, hint, remedy };
}

/** How a file differs from the one that it should be, by their sizes in bytes. */
export function difference(size: number, wanted: number): string {
  return size === wanted ? 'its SHA-256 differs' : `it has ${counted(size, 'byte')} instead of ${wanted}`;
}

/** docs/explanation/architecture.md, "Order of writes": nothing is named before it is there. */
const order: readonly Remedy['kind'][] = ['pool', 'alias', 'data', 'by-hash', 'index', 'release'];

/** The remedies of these faults, each once, in the order in which they are safe to apply. */
export function remediesOf(findings: readonly ArchiveFinding[]): Remedy[] {
  const unique = new Map<string, Remedy>();
  for (const { remedy } of findings) if (remedy !== undefined) unique.set(pathOfRemedy(remedy), remedy);
  return [...unique.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** What a remedy is for: the path of a file, or the folder of a view. */
export function pathOfRemedy(remedy: Remedy): string {
  return remedy.kind === 'release' ? remedy.view : remedy.path;
}
