/**
 * What was collected and may be gone from its source, kept on the node's own disk until intake has decided about it.
 *
 * A folder of numbered segments that are only appended to. Every write is on disk before it counts. A writer appends
 * to segments that it created itself and never to one that was there, so a record that was cut short by a crash is
 * the last of its file. A segment goes when no record of it, nor of an older one, is needed: then nothing that was
 * dropped can come back. Several threads of one node may have the folder open; each looks what others wrote first.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BanyanError } from '../../../protocol/errors.ts';
import { decodeRecords, encodeRecord, type SpoolRecord } from './record.ts';

const segmentBytes = 8 * 1024 * 1024;
const suffix = '.spool';
const nameOf = (segment: number): string => String(segment).padStart(12, '0') + suffix;

interface Place {
  readonly sequence: number;
  readonly segment: number;
  readonly from: number;
  readonly to: number;
}

/** The segment that is appended to. */
interface Writing {
  readonly segment: number;
  readonly file: FileHandle;
  bytes: number;
}

export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** What is kept, by key. */
  readonly #kept = new Map<string, Place>();
  /** How far each segment was read; a cut-off record at its end is never passed. */
  readonly #segments = new Map<number, number>();
  #sequence = 0;
  #writing: Writing | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** `folder` is made if it is not there. `maxBytes` counts what lies on disk. */
  static async open(folder: string, maxBytes: number): Promise<Spool> {
    await mkdir(folder, { recursive: true });
    const spool = new Spool(folder, maxBytes);
    await spool.#inOrder(async () => {});
    return spool;
  }

  /** Keys in the order in which they were first put. */
  keys(): Promise<string[]> {
    return this.#inOrder(async () =>
      [...this.#kept].sort(([, a], [, b]) => a.sequence - b.sequence).map(([key]) => key),
    );
  }

  get(key: string): Promise<Buffer | undefined> {
    return this.#inOrder(async () => {
      const place = this.#kept.get(key);
      return place === undefined ? undefined : this.#read(place);
    });
  }

  /** Throws `spool.full` when there is no room: ask before something is read that cannot be read again. */
  checkRoom(): Promise<void> {
    return this.#inOrder(async () => {
      if ((await this.#bytes()) >= this.#maxBytes) await this.#compact();
      if ((await this.#bytes()) < this.#maxBytes) return;
      throw this.#full();
    });
  }

  /** Resolves when it is on disk. What was kept under the key before is replaced. Throws `spool.full` of a full disk. */
  put(key: string, value: Uint8Array): Promise<void> {
    return this.#inOrder(async () => {
      const sequence = this.#kept.get(key)?.sequence ?? ++this.#sequence;
      await this.#append([{ kind: 'put', sequence, key, value }]);
    });
  }

  /** Resolves when it is on disk that these are not needed any more. */
  drop(keys: readonly string[]): Promise<void> {
    return this.#inOrder(async () => {
      const known = keys.filter((key) => this.#kept.has(key));
      if (known.length === 0) return;
      const value = new Uint8Array();
      await this.#append(known.map((key) => ({ kind: 'drop', sequence: this.#sequence, key, value })));
      await this.#removeUnneeded();
    });
  }

  async close(): Promise<void> {
    await this.#inOrder(() => this.#closeSegment());
  }

  /** One at a time, each on what all others have written. */
  #inOrder<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#last.then(async () => {
      await this.#lookAround();
      return action();
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #lookAround(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(suffix)).sort();
    const present = new Set(names.map((name) => Number.parseInt(name, 10)));
    for (const segment of [...this.#segments.keys()]) if (!present.has(segment)) this.#forget(segment);
    for (const segment of present) {
      const read = this.#segments.get(segment) ?? 0;
      const path = join(this.#folder, nameOf(segment));
      const { size } = await stat(path).catch(() => ({ size: 0 }));
      if (size <= read && this.#segments.has(segment)) continue;
      const bytes = await readFile(path).catch(() => Buffer.alloc(0));
      this.#segments.set(segment, read);
      for (const record of decodeRecords(bytes.subarray(read)))
        this.#apply(record, { segment, from: read + record.from, to: read + record.to });
    }
  }

  #apply({ kind, key, sequence }: SpoolRecord, place: Omit<Place, 'sequence'>): void {
    if (kind === 'put') this.#kept.set(key, { sequence, ...place });
    else this.#kept.delete(key);
    this.#sequence = Math.max(this.#sequence, sequence);
    this.#segments.set(place.segment, place.to);
  }

  #forget(segment: number): void {
    this.#segments.delete(segment);
    for (const [key, place] of this.#kept) if (place.segment === segment) this.#kept.delete(key);
    if (this.#writing?.segment === segment) {
      void this.#writing.file.close();
      this.#writing = undefined;
    }
  }

  async #append(records: readonly SpoolRecord[]): Promise<void> {
    const encoded = records.map(encodeRecord);
    const writing = await this.#segment();
    try {
      await writing.file.appendFile(Buffer.concat(encoded));
      await writing.file.sync();
    } catch (cause) {
      // Part of it may be on disk: nothing may follow it in this file.
      await this.#closeSegment();
      throw (cause as { code?: unknown }).code === 'ENOSPC' ? this.#full(cause) : cause;
    }
    for (const [index, record] of records.entries()) {
      const from = writing.bytes;
      writing.bytes += encoded[index]?.byteLength ?? 0;
      this.#apply(record, { segment: writing.segment, from, to: writing.bytes });
    }
  }

  /** The segment to append to: a new one when there is none of ours, or ours has grown enough. */
  async #segment(): Promise<Writing> {
    const newest = Math.max(0, ...this.#segments.keys());
    const writing = this.#writing;
    // What is written later must stand in a later place, also if another thread wrote in between.
    if (writing?.segment === newest && writing.bytes < segmentBytes) return writing;
    await this.#closeSegment();
    for (let segment = newest + 1; ; segment++) {
      try {
        const file = await open(join(this.#folder, nameOf(segment)), 'ax');
        // The file's name must survive a power cut as well as what will be in it.
        const folder = await open(this.#folder);
        try {
          await folder.sync();
        } finally {
          await folder.close();
        }
        this.#segments.set(segment, 0);
        return (this.#writing = { segment, file, bytes: 0 });
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
      }
    }
  }

  async #closeSegment(): Promise<void> {
    const writing = this.#writing;
    this.#writing = undefined;
    await writing?.file.close();
  }

  async #read({ segment, from, to }: Place): Promise<Buffer | undefined> {
    const file = await open(join(this.#folder, nameOf(segment)));
    try {
      const bytes = Buffer.alloc(to - from);
      await file.read(bytes, 0, bytes.byteLength, from);
      for (const { value } of decodeRecords(bytes)) return Buffer.from(value);
      return undefined;
    } finally {
      await file.close();
    }
  }

  async #bytes(): Promise<number> {
    const sizes = [...this.#segments.keys()].map(async (segment) => {
      const found = await stat(join(this.#folder, nameOf(segment))).catch(() => undefined);
      return found?.size ?? 0;
    });
    return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * Oldest first, so that a drop never goes before the put that it is about. The newest is replaced by an empty one:
   * its number must not be used again, or another thread would take what is new for what it has read.
   */
  async #removeUnneeded(): Promise<void> {
    const segments = [...this.#segments.keys()].sort((a, b) => a - b);
    for (const segment of segments) {
      if ([...this.#kept.values()].some((place) => place.segment === segment)) return;
      if (this.#writing?.segment === segment) await this.#closeSegment();
      if (segment === segments.at(-1)) {
        if (this.#segments.get(segment) === 0) return;
        await this.#segment();
      }
      this.#segments.delete(segment);
      await rm(join(this.#folder, nameOf(segment)), { force: true });
    }
  }

  /** Copies what is needed out of each segment in turn; what was dropped goes with the segments. */
  async #compact(): Promise<void> {
    await this.#closeSegment();
    for (const segment of [...this.#segments.keys()].sort((a, b) => a - b)) {
      for (const [key, place] of this.#kept) {
        if (place.segment !== segment) continue;
        const value = await this.#read(place);
        if (value !== undefined) await this.#append([{ kind: 'put', sequence: place.sequence, key, value }]);
      }
      await this.#removeUnneeded();
    }
  }

  #full(cause?: unknown): BanyanError {
    return new BanyanError('spool.full', {
      message: `${this.#kept.size} collected items in ${this.#folder} wait for intake, and there is no room for more.`,
      cause,
    });
  }
}
