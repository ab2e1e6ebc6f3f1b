/**
 * A process and all that it started, as /proc shows them (proc(5)): how many there are and what they use. It only
 * reads.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface TreeUse {
  processes: number;
  /** Bytes of memory that the processes do not share with files or others. */
  memory: number;
}

/** The processes below one, without itself. */
export function processesBelow(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // The name of the program, which may contain anything, is before the last parenthesis
    const stat = textOf(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 2)[1]);
    if (!Number.isInteger(parent)) continue;
    const started = children.get(parent);
    if (started === undefined) children.set(parent, [Number(name)]);
    else started.push(Number(name));
  }
  const found: number[] = [];
  const open = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const started = children.get(at) ?? [];
    found.push(...started);
    open.push(...started);
  }
  return found;
}

/** What the processes use together. A process that ends meanwhile uses nothing. */
export function useOf(processes: readonly number[]): TreeUse {
  const memory = processes.reduce((sum, pid) => sum + privateMemory(textOf(`/proc/${pid}/status`)), 0);
  return { processes: processes.length, memory };
}

/** Bytes, of a text that proc(5) describes: memory without a file, here or in swap, and shared memory. */
export function privateMemory(status: string): number {
  const fields = [...status.matchAll(/^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$/gm)];
  return fields.reduce((sum, [, kibibytes]) => sum + Number(kibibytes) * 1024, 0);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
