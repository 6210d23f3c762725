/**
 * The store port of one simulated process, over the disk of its machine, which outlives it. LMDB is atomic,
 * so a commit happens as a whole or fails as a whole; a power cut leaves an empty store.
 */
import { BanyanError } from '../../protocol/errors.ts';
import type { Change, Store } from '../../runtime/store.ts';
import { MemoryStore } from '../../runtime/store-memory.ts';
import type { KeyRange } from '../../runtime/table.ts';
import type { Process } from './process.ts';

export type DiskTrouble = 'full' | 'failing';

/** What a machine keeps while its processes come and go. */
export class Disk {
  content = new MemoryStore();
  /** What every commit meets. */
  trouble: DiskTrouble | undefined;

  lose(): void {
    this.content = new MemoryStore();
  }
}

/** A disk as one process has it open. */
export class OpenDisk implements Store {
  readonly #disk: Disk;
  readonly #content: MemoryStore;
  readonly #process: Process;
  readonly #onRefusal: () => void;

  constructor(disk: Disk, process: Process, onRefusal: () => void) {
    this.#disk = disk;
    this.#content = disk.content;
    this.#process = process;
    this.#onRefusal = onRefusal;
  }

  get(key: string): Uint8Array | undefined {
    return this.#content.get(key);
  }

  range(bucket: string, range: KeyRange): Iterable<readonly [string, Uint8Array]> {
    return this.#content.range(bucket, range);
  }

  commit(changes: Iterable<Change>): void {
    const taken = [...changes];
    const after = this.#process.call();
    if (after === undefined) throw new Error('a dead process commits nothing');
    if (this.#disk.trouble !== undefined) {
      this.#onRefusal();
      throw this.#disk.trouble === 'full'
        ? new BanyanError('store.full')
        : new BanyanError('store.damaged', { message: 'The disk does not take writes.' });
    }
    this.#content.commit(taken);
    after();
  }

  async close(): Promise<void> {
    this.#process.call();
  }
}
