/**
 * The CVE ids that a changelog names, each with its sentence. It understands the usual English of changelogs
 * and does not judge: the reader decides. Pure.
 */
import type { SecurityFix } from './diff-shape.js';

const longestLine = 300;

/** Ids that the lines name, each once. Those in a sentence that says "not affected" are left out. */
export function fixesIn(lines: readonly string[], where: string): SecurityFix[] {
  const found = new Map<string, SecurityFix>();
  for (const item of itemsOf(lines)) {
    for (const sentence of item.split(/(?<=[.;])\s+(?=[A-Z])/)) {
      if (/\b(?:not|isn't|un)[ -]?(?:affected|vulnerable)\b|\bnot affect\b/i.test(sentence)) continue;
      for (const [id] of sentence.matchAll(/\bCVE-\d{4}-\d{4,19}\b/g)) {
        if (!found.has(id)) found.set(id, { id, line: shortened(item, id), where });
      }
    }
  }
  return [...found.values()];
}

/** Items of lists and paragraphs, each on one line. */
function itemsOf(lines: readonly string[]): string[] {
  const items: string[] = [];
  let open = false;
  for (const line of lines) {
    const text = line.trim();
    const begins = /^(?:[*\-+\u2022]|\d+[.)])\s/.test(text) || /^\[.*\]$/.test(text);
    if (text === '') open = false;
    else if (open && !begins) items.push(`${items.pop()!} ${text}`);
    else {
      items.push(text.replace(/^[*\-+\u2022]\s+/, ''));
      open = true;
    }
  }
  return items;
}

/** The part around the id, where the whole would fill the screen. */
function shortened(item: string, id: string): string {
  if (item.length <= longestLine) return item;
  const at = Math.max(0, item.indexOf(id) - longestLine / 2);
  const part = item.slice(at, at + longestLine).trim();
  return `${at === 0 ? '' : '... '}${part} ...`;
}
