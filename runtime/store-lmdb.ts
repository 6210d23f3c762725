/**
 * The store on LMDB. Every value ends with a checksum over key and value, so a damaged file is found when
 * it is read; `store-check.ts` reads everything once before a shard trusts a file.
 *
 * Commits are not synced: after the death of the process the kernel still writes them; after a power cut
 * the files belong to an earlier boot and are thrown away (rule R2: they are a cache).
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { open, type RootDatabase } from 'lmdb';
import { BanyanError } from '../protocol/errors.ts';
import type { Change, Store } from './store.ts';
import { inBucket } from './bucket-range.ts';
import type { KeyRange } from './table.ts';

const FORMAT = '1';
const CHECKSUM_BYTES = 4;
const FORMAT_KEY = '!format';
const BOOT_KEY = '!boot';
const CLEAN_KEY = '!clean';
const NO_STAMP = 'it has no format stamp';
/** UTF-8 never contains this byte: it ends every prefix. */
const PAST_ANY_KEY = Buffer.from([0xff]);

export class LmdbStore implements Store {
  readonly #db: RootDatabase<Buffer, Buffer>;
  readonly #file: string;

  private constructor(db: RootDatabase<Buffer, Buffer>, folder: string) {
    this.#db = db;
    this.#file = join(folder, 'data.mdb');
  }

  /**
   * Opens or creates the store in a folder. One that is damaged, of another format or possibly cut short by
   * a power loss is emptied; `onRebuild` hears why. Call `checkStore` first: a damaged file can kill the process.
   * `boot` names the time since the machine was started.
   */
  static open(folder: string, onRebuild: (reason: string) => void, boot = bootId()): LmdbStore {
    const existed = existsSync(join(folder, 'data.mdb'));
    const db = openDatabase(folder);
    const store = new LmdbStore(db, folder);
    const reason = store.#distrust(existed, boot);
    if (reason !== undefined) {
      onRebuild(reason);
      db.clearSync();
    }
    store.commit([
      [FORMAT_KEY, Buffer.from(FORMAT)],
      [BOOT_KEY, Buffer.from(boot)],
      [CLEAN_KEY, undefined],
    ]);
    // After a power cut nothing may say that the store was closed, unless all that it held is on the disk.
    store.#sync();
    return store;
  }

  get(key: string): Uint8Array | undefined {
    const stored = this.#db.get(Buffer.from(key));
    return stored === undefined ? undefined : verified(key, stored);
  }

  *range(bucket: string, range: KeyRange): Generator<readonly [string, Uint8Array]> {
    const whole = inBucket(bucket, range);
    for (const { key: bytes, value } of this.#db.getRange(lmdbRange(whole))) {
      const key = bytes.toString();
      yield [key.slice(bucket.length), verified(key, value)];
    }
  }

  commit(changes: Iterable<Change>): void {
    try {
      this.#db.transactionSync(() => {
        for (const [key, value] of changes) {
          const bytes = Buffer.from(key);
          if (value === undefined) this.#db.removeSync(bytes);
          else this.#db.putSync(bytes, sealed(bytes, value));
        }
      });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const full = /ENOSPC|MAP_FULL|No space|Input\/output error/.test(message);
      throw new BanyanError(full ? 'store.full' : 'store.damaged', { message, cause });
    }
  }

  async close(): Promise<void> {
    await this.#db.flushed;
    this.#sync();
    this.commit([[CLEAN_KEY, Buffer.from('1')]]);
    await this.#db.flushed;
    await this.#db.close();
    this.#sync();
  }

  /** What was committed is on the disk. */
  #sync(): void {
    const file = openSync(this.#file, 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  /** Why what is stored cannot be trusted; undefined when it can, or when there is nothing. */
  #distrust(existed: boolean, boot: string): string | undefined {
    try {
      const text = (key: string): string => Buffer.from(this.get(key) ?? []).toString();
      // A file without a stamp may be all that is left of one that had everything.
      if (text(FORMAT_KEY) === '') return existed ? NO_STAMP : undefined;
      if (text(FORMAT_KEY) !== FORMAT)
        return `its format is ${text(FORMAT_KEY)}, this release writes ${FORMAT}`;
      if (text(CLEAN_KEY) !== '1' && text(BOOT_KEY) !== boot)
        return 'the machine has restarted since it was written and it was not closed';
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** Reads every entry and compares the count with what the file says; throws for a damaged store. */
export function readEverything(folder: string): number {
  const db = openDatabase(folder);
  const { entryCount } = db.getStats() as { entryCount: number };
  let count = 0;
  for (const { key, value } of db.getRange({})) {
    verified(key.toString(), value);
    // A damaged branch may lead in a circle.
    if (++count > entryCount) break;
  }
  if (db.get(Buffer.from(FORMAT_KEY)) === undefined)
    throw new BanyanError('store.damaged', { message: NO_STAMP });
  if (entryCount !== count)
    throw new BanyanError('store.damaged', { message: `${count} of ${entryCount} entries can be read.` });
  return count;
}

/** Deletes a store's files. */
export function removeStore(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function openDatabase(folder: string): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>({
    path: folder,
    keyEncoding: 'binary',
    encoding: 'binary',
    noSync: true,
    noSubdir: false,
  });
}

function sealed(key: Buffer, value: Uint8Array): Buffer {
  const stored = Buffer.allocUnsafe(value.byteLength + CHECKSUM_BYTES);
  stored.set(value);
  stored.writeUInt32LE(crc32(value, crc32(key)), value.byteLength);
  return stored;
}

function verified(key: string, stored: Buffer): Uint8Array {
  const value = stored.subarray(0, Math.max(0, stored.byteLength - CHECKSUM_BYTES));
  if (
    stored.byteLength < CHECKSUM_BYTES ||
    stored.readUInt32LE(value.byteLength) !== crc32(value, crc32(Buffer.from(key)))
  ) {
    throw new BanyanError('store.damaged', {
      message: `The stored value of '${key}' does not match its checksum.`,
    });
  }
  return value;
}

function lmdbRange({ prefix, gte, gt, lte, lt, reverse, limit }: KeyRange) {
  const low = [prefix, gte, gt].filter((bound) => bound !== undefined).map((bound) => Buffer.from(bound));
  const high = [lte, lt].filter((bound) => bound !== undefined).map((bound) => Buffer.from(bound));
  if (prefix !== undefined) high.push(Buffer.concat([Buffer.from(prefix), PAST_ANY_KEY]));
  const lowest = low.sort(Buffer.compare).at(-1);
  const highest = high.sort(Buffer.compare)[0];
  const excludeLowest = gt !== undefined && lowest?.equals(Buffer.from(gt)) === true;
  const includeHighest =
    lte !== undefined && highest?.equals(Buffer.from(lte)) === true && (lt === undefined || lte !== lt);
  const bounds =
    reverse === true
      ? {
          start: highest,
          end: lowest,
          exclusiveStart: !includeHighest,
          inclusiveEnd: !excludeLowest,
          reverse: true,
        }
      : { start: lowest, end: highest, exclusiveStart: excludeLowest, inclusiveEnd: includeHighest };
  return { ...bounds, ...(limit === undefined ? {} : { limit }) } as never;
}

/** Differs after every restart of the machine; empty where the kernel does not say, which trusts nothing unclean. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `unknown-${process.pid}-${process.hrtime.bigint()}`;
  }
}
