import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeRecords, encodeRecord } from './record.ts';
import { Spool } from './spool.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'spool-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const MiB = 1024 * 1024;
const open = (maxBytes = 64 * MiB): Promise<Spool> => Spool.open(folder, maxBytes);
const bytes = (text: string): Buffer => Buffer.from(text);
const textOf = async (spool: Spool, key: string): Promise<string | undefined> =>
  (await spool.get(key))?.toString();

describe('the format', () => {
  const record = fc.record({
    kind: fc.constantFrom('put' as const, 'drop' as const),
    sequence: fc.nat(),
    key: fc.string({ maxLength: 20 }).map((key) => key.toWellFormed()),
    value: fc.uint8Array({ maxLength: 40 }),
  });

  test('of a file that was cut or damaged anywhere, whole records before that place are read and none behind it', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.boolean(),
        (records, at, cut) => {
          const encoded = records.map(encodeRecord);
          const file = Buffer.concat(encoded);
          const place = at % file.byteLength;
          if (!cut) file.writeUInt8(file.readUInt8(place) ^ 0x55, place);
          let end = 0;
          const whole = encoded.findIndex((one) => (end += one.byteLength) > place);
          const found = [...decodeRecords(cut ? file.subarray(0, place) : file)];
          expect(found.map(({ kind, sequence, key }) => ({ kind, sequence, key }))).toEqual(
            records.slice(0, whole).map(({ kind, sequence, key }) => ({ kind, sequence, key })),
          );
        },
      ),
    );
  });
});

describe('the spool', () => {
  test('gives back what was put, in order, until it is dropped, over any number of processes', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key: fc.constantFrom('a', 'b', 'c'), value: fc.string() }),
      fc.record({ do: fc.constant('drop' as const), key: fc.constantFrom('a', 'b', 'c') }),
      // A process that ends in order, and one that is killed: it closes nothing.
      fc.record({ do: fc.constantFrom('reopen' as const, 'other thread' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        rmSync(folder, { recursive: true });
        const opened = [await open()];
        const model = new Map<string, string>();
        for (const one of steps) {
          const spool = opened.at(-1) as Spool;
          if (one.do === 'put') {
            const value = one.value.toWellFormed();
            await spool.put(one.key, bytes(value));
            model.set(one.key, value);
          } else if (one.do === 'drop') {
            await spool.drop([one.key]);
            model.delete(one.key);
          } else if (one.do === 'reopen') {
            opened.push(await open());
          } else {
            // The one that was opened before goes on.
            opened.unshift(opened.pop() as Spool);
          }
          const now = opened.at(-1) as Spool;
          expect(await now.keys()).toEqual([...model.keys()]);
          for (const [key, value] of model) expect(await textOf(now, key)).toBe(value);
        }
        await Promise.all(opened.map((spool) => spool.close()));
      }),
      { numRuns: 60 },
    );
  });

  test('a record that a killed process left unfinished does not count, and what is written next does', async () => {
    const before = await open();
    await before.put('whole', bytes('one'));
    await before.put('cut', bytes('two'));
    const [segment = ''] = readdirSync(folder);
    truncateSync(join(folder, segment), statSync(join(folder, segment)).size - 1);
    const after = await open();
    expect(await after.keys()).toEqual(['whole']);
    await after.put('next', bytes('three'));
    const again = await open();
    expect(await again.keys()).toEqual(['whole', 'next']);
    expect(await textOf(again, 'next')).toBe('three');
    await Promise.all([before, after, again].map((spool) => spool.close()));
  });

  test('when it is full says so with a code, and takes more when something was dropped', async () => {
    const spool = await open(3 * MiB);
    for (let n = 0; n < 3; n++) await spool.put(`item ${n}`, Buffer.alloc(MiB));
    await expect(spool.checkRoom()).rejects.toMatchObject({ code: 'spool.full', recoverable: true });
    await spool.drop(['item 1']);
    await spool.checkRoom();
    expect(await spool.keys()).toEqual(['item 0', 'item 2']);
    expect((await spool.get('item 2'))?.byteLength).toBe(MiB);
    await spool.close();
  });

  test('leaves one empty file on disk when nothing is kept', async () => {
    const spool = await open();
    for (let n = 0; n < 10; n++) await spool.put(`item ${n}`, Buffer.alloc(MiB));
    await spool.drop(await spool.keys());
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).size)).toEqual([0]);
    await spool.close();
  });

  test('what is put after everything was dropped is seen by whoever had the folder open all the time', async () => {
    const [one, other] = [await open(), await open()];
    await one.put('a', bytes('the first, and long'));
    expect(await other.keys()).toEqual(['a']);
    await one.drop(['a']);
    await one.put('b', bytes('second'));
    expect(await other.keys()).toEqual(['b']);
    expect(await textOf(other, 'b')).toBe('second');
    await Promise.all([one.close(), other.close()]);
  });
});
