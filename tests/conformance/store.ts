/** What every store does; each implementation runs it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareKeys } from '../../runtime/keys.ts';
import { inRange } from '../../runtime/sorted-map.ts';
import type { Change, Store } from '../../runtime/store.ts';
import type { KeyRange } from '../../runtime/table.ts';

/** A store in one place, which survives being closed where the implementation is durable. */
export interface StorePlace {
  readonly durable: boolean;
  open(): Store;
  remove(): void;
}

const BUCKET = '0001|r|';
const bytes = (text: string): Buffer => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

/** Few letters, so that bounds meet keys, among them the greatest BMP characters, and some beyond the BMP. */
const key = fc
  .array(fc.constantFrom('a', 'b', '|', 'é', '\uE000', '\uFFFF', '\u{10000}', '\u{10FFFF}'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((letters) => letters.join(''));
const bound = fc.option(key, { nil: undefined });
const anyRange = fc
  .record({
    gte: bound,
    gt: bound,
    lte: bound,
    lt: bound,
    prefix: bound,
    reverse: fc.option(fc.boolean(), { nil: undefined }),
    limit: fc.option(fc.nat({ max: 6 }), { nil: undefined }),
  })
  .map(
    (all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as KeyRange,
  );

/** What a range must visit, from a plain list. */
export function expectedRange(rows: ReadonlyMap<string, string>, range: KeyRange): [string, string][] {
  const found = [...rows]
    .filter(([name]) => inRange(name, range))
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (range.reverse === true) found.reverse();
  return found.slice(0, range.limit);
}

/** Names, rows and ranges that overlap often; for property tests of whatever is ordered like a store. */
export const arbitrary = { key, range: anyRange };

export function describeStore(title: string, place: () => StorePlace): void {
  describe.each([title])('%s', () => {
    async function withStore(use: (store: Store, at: StorePlace) => void | Promise<void>): Promise<void> {
      const at = place();
      const store = at.open();
      try {
        await use(store, at);
      } finally {
        await store.close();
        at.remove();
      }
    }

    test('a value can be read after its commit, replaced and deleted', () =>
      withStore((store) => {
        expect(store.get('k')).toBeUndefined();
        store.commit([['k', bytes('1')]]);
        expect(text(store.get('k'))).toBe('1');
        store.commit([['k', bytes('2')]]);
        expect(text(store.get('k'))).toBe('2');
        store.commit([['k', undefined]]);
        expect(store.get('k')).toBeUndefined();
        store.commit([['k', undefined]]);
      }));

    test('a commit keeps the last of several changes to a key', () =>
      withStore((store) => {
        store.commit([
          ['k', bytes('1')],
          ['k', undefined],
          ['l', undefined],
          ['l', bytes('2')],
        ]);
        expect(store.get('k')).toBeUndefined();
        expect(text(store.get('l'))).toBe('2');
      }));

    test('a commit that fails half-way changes nothing, and the next one works', () =>
      withStore((store) => {
        store.commit([['a', bytes('old')]]);
        function* failing(): Generator<Change> {
          yield ['a', bytes('new')];
          yield ['b', bytes('new')];
          throw new Error('half-way');
        }
        expect(() => store.commit(failing())).toThrow('half-way');
        expect([text(store.get('a')), store.get('b')]).toEqual(['old', undefined]);
        store.commit([['b', bytes('later')]]);
        expect([text(store.get('a')), text(store.get('b'))]).toEqual(['old', 'later']);
      }));

    test('values of 0 to 512 KiB come back as they were', () =>
      withStore((store) => {
        const sizes = [0, 1, 3, 4, 5, 4_000, 4_096, 65_536, 512 * 1024];
        const values = sizes.map((size) => Buffer.alloc(size, size % 251));
        store.commit(values.map((value, index) => [`${BUCKET}${index}`, value]));
        values.forEach((value, index) =>
          expect(value.equals(store.get(`${BUCKET}${index}`) ?? Buffer.of(255))).toBe(true),
        );
        const walked = [...store.range(BUCKET, {})];
        expect(walked.map(([at]) => at)).toEqual(sizes.map((_, index) => String(index)));
        expect(walked.every(([, value], index) => values[index]?.equals(value))).toBe(true);
      }));

    test('what was handed over or read may be kept: later commits and reads do not change it', () =>
      withStore((store) => {
        const mine = bytes('first');
        store.commit([['k', mine]]);
        mine.fill(0);
        const read = store.get('k');
        const [walked] = [...store.range('k', {})];
        store.commit([
          ['k', bytes('other')],
          ...Array.from({ length: 50 }, (_, i) => [`l${i}`, bytes('noise')] as const),
        ]);
        for (const row of store.range('l', {})) expect(text(row[1])).toBe('noise');
        expect([text(read), text(walked?.[1])]).toEqual(['first', 'first']);
      }));

    test('a key of the greatest length can be stored', () =>
      withStore((store) => {
        const long = 'k'.repeat(1_978);
        store.commit([[long, bytes('1')]]);
        expect(text(store.get(long))).toBe('1');
      }));

    test('a range visits what its bounds, prefix, direction and limit say, in the order of UTF-8 bytes', () =>
      withStore((store) => {
        const law = fc.property(
          fc.uniqueArray(key, { maxLength: 30 }),
          fc.array(anyRange, { minLength: 1, maxLength: 8 }),
          (names, ranges) => {
            const old = [...store.range('', {})]
              .map(([name]) => name)
              .filter((name) => !name.startsWith('!'));
            // Neighbours of the bucket must stay out of sight.
            const neighbours = ['0001|q|z', '0001|r', '0001|s|', '0001|r}'].map(
              (name) => [name, bytes('no')] as const,
            );
            store.commit([
              ...old.map((name) => [name, undefined] as const),
              ...neighbours,
              ...names.map((name) => [BUCKET + name, bytes(name)] as const),
            ]);
            const rows = new Map(names.map((name) => [name, name]));
            for (const one of ranges) {
              const got = [...store.range(BUCKET, one)].map(([name, value]) => [name, text(value)]);
              expect(got).toEqual(expectedRange(rows, one));
            }
          },
        );
        fc.assert(law, { numRuns: 300 });
      }));

    test('a walk that is left early ends; the next commits and walks are not disturbed', () =>
      withStore((store) => {
        store.commit(
          Array.from({ length: 20 }, (_, i) => [`${BUCKET}${String(i).padStart(2, '0')}`, bytes('1')]),
        );
        for (let round = 0; round < 300; round++) {
          for (const [name] of store.range(BUCKET, {})) if (name === '03') break;
          store.commit([[`${BUCKET}x${round}`, bytes('1')]]);
        }
        expect([...store.range(BUCKET, {})]).toHaveLength(320);
      }));

    test('commits during a walk: every row that nobody touched is visited once, in order', () =>
      withStore((store) => {
        const names = Array.from({ length: 60 }, (_, i) => String(i).padStart(3, '0'));
        const kept = names.filter((_, i) => i % 3 === 0);
        for (const reverse of [false, true]) {
          store.commit(names.map((name) => [BUCKET + name, bytes(name)]));
          const seen: string[] = [];
          for (const [name, value] of store.range(BUCKET, { reverse })) {
            if (text(value) !== name) continue;
            seen.push(name);
            // Deletes where we stand and what lies ahead, adds what was not there.
            store.commit([
              ...(kept.includes(name) ? [] : [[BUCKET + name, undefined] as const]),
              [`${BUCKET}${name}+`, bytes('added')],
              [`${BUCKET}040`, undefined],
              [`${BUCKET}020`, undefined],
            ]);
          }
          expect(seen).toEqual([...seen].sort((a, b) => (reverse ? -1 : 1) * compareKeys(a, b)));
          expect(seen.filter((name) => kept.includes(name)).sort()).toEqual(kept);
          store.commit([...store.range(BUCKET, {})].map(([name]) => [BUCKET + name, undefined]));
        }
      }));

    test('what was committed is there after closing and opening again, where the store is durable', async () => {
      const at = place();
      const first = at.open();
      first.commit([
        ['a', bytes('1')],
        ['b', bytes('2')],
      ]);
      first.commit([['a', undefined]]);
      await first.close();
      const second = at.open();
      expect([second.get('a'), text(second.get('b'))]).toEqual([undefined, at.durable ? '2' : undefined]);
      await second.close();
      at.remove();
    });
  });
}
