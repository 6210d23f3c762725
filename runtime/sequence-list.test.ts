import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SequenceList } from './sequence-list.ts';

const gaps = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 60 });

function listOf(given: readonly number[]) {
  const list = new SequenceList<{ seq: number }>();
  let seq = 0;
  const seqs = given.map((gap) => (seq += gap));
  for (const one of seqs) list.push({ seq: one });
  return { list, seqs };
}

test('finds the first item behind a sequence, and the last one', () => {
  fc.assert(
    fc.property(gaps, fc.nat(260), (given, at) => {
      const { list, seqs } = listOf(given);
      expect(list.after(at)?.seq).toBe(seqs.find((seq) => seq > at));
      expect(list.last?.seq).toBe(seqs.at(-1));
    }),
  );
});

test('removes one item, or all before a sequence, and keeps the others in order', () => {
  fc.assert(
    fc.property(gaps, fc.nat(260), fc.nat(260), (given, one, before) => {
      const { list, seqs } = listOf(given);
      list.remove(one);
      const left = seqs.filter((seq) => seq !== one);
      expect(list.takeBefore(before).map(({ seq }) => seq)).toEqual(left.filter((seq) => seq < before));
      expect([...list].map(({ seq }) => seq)).toEqual(left.filter((seq) => seq >= before));
    }),
  );
});
