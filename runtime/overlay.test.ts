import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitrary, expectedRange } from '../tests/conformance/store.ts';
import { Overlay } from './overlay.ts';
import { MemoryStore } from './store-memory.ts';

const BUCKETS = ['x|', 'y|'] as const;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

/** The same in plain maps: what is committed, what is visible, and what a rollback returns to. */
class Model {
  committed = new Map<string, string>();
  visible = new Map<string, string>();
  marked = new Map<string, string>();

  bucket(bucket: string): Map<string, string> {
    return new Map(
      [...this.visible].flatMap(([key, value]) =>
        key.startsWith(bucket) ? [[key.slice(bucket.length), value] as const] : [],
      ),
    );
  }
}

const bucket = fc.constantFrom(...BUCKETS);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      bucket,
      key: arbitrary.key,
      value: fc.string({ maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), bucket, key: arbitrary.key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('range' as const), bucket, range: arbitrary.range }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('mark' as const, 'rollback' as const, 'flush' as const, 'drop' as const),
    }),
  },
);

describe('an overlay', () => {
  test('shows the store with all writes since, whatever is marked, rolled back, flushed and dropped', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const store = new MemoryStore();
        const overlay = new Overlay(store);
        const model = new Model();
        overlay.mark();
        for (const one of steps) {
          switch (one.do) {
            case 'put':
              overlay.put(one.bucket, one.key, bytes(one.value));
              model.visible.set(one.bucket + one.key, one.value);
              break;
            case 'delete':
              overlay.delete(one.bucket, one.key);
              model.visible.delete(one.bucket + one.key);
              break;
            case 'range': {
              const got = [...overlay.range(one.bucket, one.range)].map(([name, value]) => [
                name,
                text(value),
              ]);
              expect(got).toEqual(expectedRange(model.bucket(one.bucket), one.range));
              break;
            }
            case 'mark':
              overlay.mark();
              model.marked = new Map(model.visible);
              break;
            case 'rollback':
              overlay.rollback();
              model.visible = new Map(model.marked);
              expect(overlay.writesSinceMark).toBe(0);
              break;
            case 'flush':
              overlay.flush();
              model.committed = new Map(model.visible);
              model.marked = new Map(model.visible);
              break;
            case 'drop':
              overlay.drop();
              model.visible = new Map(model.committed);
              model.marked = new Map(model.committed);
          }
          const stored = new Map([...store.range('', {})].map(([key, value]) => [key, text(value)]));
          expect(stored).toEqual(model.committed);
        }
        for (const name of BUCKETS) {
          for (const [key, value] of model.bucket(name)) expect(text(overlay.get(name, key))).toBe(value);
        }
        overlay.flush();
        expect(overlay.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('a walk sees the same while it writes, wherever the window began', () => {
    const write = fc.record({ at: fc.nat({ max: 6 }), key: arbitrary.key, put: fc.boolean() });
    fc.assert(
      fc.property(
        fc.uniqueArray(arbitrary.key, { maxLength: 12 }),
        fc.array(write, { maxLength: 8 }),
        arbitrary.range,
        fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
        (keys, writes, range, early) => {
          // The same rows: all committed, or some of them still in the overlay.
          const walks = [keys.map(() => true), early].map((committed) => {
            const overlay = new Overlay(new MemoryStore());
            keys.forEach((key, i) => committed[i] === true && overlay.put('x|', key, bytes(key)));
            overlay.flush();
            keys.forEach((key, i) => committed[i] === true || overlay.put('x|', key, bytes(key)));
            const seen: (string | undefined)[] = [];
            for (const [name, value] of overlay.range('x|', range)) {
              for (const { at, key, put } of writes) {
                if (at !== seen.length) continue;
                if (put) overlay.put('x|', key, bytes('new'));
                else overlay.delete('x|', key);
              }
              seen.push(`${name}=${text(value)}`);
              if (seen.length > 40) break;
            }
            return seen;
          });
          expect(walks[1]).toEqual(walks[0]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('what a walk has ahead is seen when it is put, and not when it is deleted', () => {
    const overlay = new Overlay(new MemoryStore());
    for (const key of ['a', 'b', 'd']) overlay.put('x|', key, bytes(key));
    overlay.flush();
    const seen: string[] = [];
    for (const [name] of overlay.range('x|', {})) {
      seen.push(name);
      if (name !== 'a') continue;
      overlay.delete('x|', 'b');
      overlay.put('x|', 'c', bytes('c'));
    }
    expect(seen).toEqual(['a', 'c', 'd']);
  });

  test('a flush that the store refuses loses nothing', () => {
    const store = new MemoryStore();
    const overlay = new Overlay({
      ...refusing,
      get: (key) => store.get(key),
      range: (...args) => store.range(...args),
    });
    overlay.put('x|', 'a', bytes('1'));
    expect(() => overlay.flush()).toThrow('no room');
    expect([text(overlay.get('x|', 'a')), overlay.size]).toEqual(['1', 1]);
  });
});

const refusing = {
  commit: (): never => {
    throw new Error('no room');
  },
  close: async (): Promise<void> => {},
};
