/**
 * The signed lines of a workspace: the history of each suite and the record of keys. A run reads the files once, when
 * it opens the ledger. Every later step uses these values. A line that the run adds is written to the file and to the
 * ledger. The ledger makes no decisions.
 */
import { readIfThere, removeFile } from '../../io/disk.js';
import {
  appendHistory,
  historyPath,
  listHistories,
  readHistoryText,
  type HistorySigner,
} from '../../suite/history-file.js';
import { parseHistory, type HistoryEntry, type HistoryMove } from '../../suite/history.js';
import { appendKeyChange, judgedRecord, keyRecordPath, type KeyRecord } from '../../snapshot/key-record.js';
import type { KeyChange } from '../../snapshot/key-state.js';
import type { Signer } from '../../signing/signer.js';

export class Ledger {
  readonly #root: string;
  /** Text of each history, by suite. */
  readonly #texts: Map<string, string>;
  readonly #histories = new Map<string, readonly HistoryEntry[]>();
  /** Undefined if there is no record. */
  #keyText: string | undefined;
  #keys: Promise<KeyRecord | null> | undefined;

  private constructor(root: string, texts: Map<string, string>, keyText: string | undefined) {
    this.#root = root;
    this.#texts = texts;
    this.#keyText = keyText;
  }

  /**
   * Reads the files. It verifies a history only when a step asks for it, so a damaged history stops only the commands
   * that need it.
   *
   * @param root absolute path of `snapshots/`
   * @throws LockstepError DISK_IO
   */
  static async open(root: string): Promise<Ledger> {
    const texts = new Map<string, string>();
    for (const suite of await listHistories(root))
      texts.set(suite, (await readHistoryText(root, suite)) ?? '');
    const keyText = (await readIfThere(keyRecordPath(root)))?.toString('utf8');
    return new Ledger(root, texts, keyText);
  }

  /** The suites that have a history, sorted. */
  get suites(): string[] {
    return [...this.#texts.keys()].sort();
  }

  /** The unchanged text of a suite's history; empty if there is none. */
  text(suite: string): string {
    return this.#texts.get(suite) ?? '';
  }

  /** A suite's history, the oldest move first; empty if there is none. Throws as parseHistory. */
  history(suite: string): readonly HistoryEntry[] {
    const known = this.#histories.get(suite);
    if (known !== undefined) return known;
    const text = this.#texts.get(suite);
    const entries = text === undefined ? [] : parseHistory(text, historyPath(this.#root, suite));
    this.#histories.set(suite, entries);
    return entries;
  }

  /** The record of keys; null if it does not exist yet. Throws as judgedRecord. */
  async keys(): Promise<KeyRecord | null> {
    const text = this.#keyText;
    if (text === undefined) return null;
    this.#keys ??= judgedRecord(text, keyRecordPath(this.#root)).then((state) => ({ state, text }));
    return await this.#keys;
  }

  /** Adds a move to its suite's history. Throws as appendHistory. */
  async addMove(move: HistoryMove, sign: HistorySigner, after?: string): Promise<void> {
    const { suite } = move;
    this.#histories.delete(suite);
    try {
      const text = this.#texts.get(suite);
      this.#texts.set(suite, await appendHistory(this.#root, move, { text, sign, after }));
    } catch (error) {
      // A write that failed late may still have added the line
      const text = await readHistoryText(this.#root, suite);
      if (text === undefined) this.#texts.delete(suite);
      else this.#texts.set(suite, text);
      throw error;
    }
  }

  /**
   * Adds a change to the record of keys. Throws as appendKeyChange.
   *
   * @param signers by fingerprint
   */
  async addKeyChange(change: KeyChange, signers: ReadonlyMap<string, Signer>): Promise<void> {
    this.#keyText = await appendKeyChange(this.#root, await this.keys(), change, signers);
    this.#keys = undefined;
  }

  /** Removes the history of a suite that no longer exists. */
  async removeHistory(suite: string): Promise<void> {
    await removeFile(historyPath(this.#root, suite));
    this.#texts.delete(suite);
    this.#histories.delete(suite);
  }
}
