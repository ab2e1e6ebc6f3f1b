/**
 * What would put a fault of the archive right: the shape, and the order in
 * which remedies are applied. Pure; apply-remedies.ts applies them.
 */
import type { Finding } from '../snapshot/finding.js';

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
