/** Lists and maps by a key. Pure. */

/** A Map or a WeakMap. */
interface Known<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
}

/** The items by key, each key's in the order in which they come. */
export function grouped<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) remembered(groups, keyOf(item), () => []).push(item);
  return groups;
}

/** The first item of each key, in the order in which they come. */
export function distinct<T>(items: Iterable<T>, keyOf: (item: T) => unknown = JSON.stringify): T[] {
  return [...grouped(items, keyOf).values()].map(([first]) => first!);
}

/** What `known` has for a key; made, and kept there, when it is asked for first. */
export function remembered<K, V>(known: Known<K, V>, key: K, make: () => V): V {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}

/** What can be reached from `start`, itself among it, each once, the nearest first. */
export function reached<T>(start: Iterable<T>, next: (item: T) => Iterable<T>): Set<T> {
  const found = new Set(start);
  // It grows while it is walked
  for (const item of found) for (const other of next(item)) found.add(other);
  return found;
}

/** Orders texts by their code units, whatever the language of the machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
