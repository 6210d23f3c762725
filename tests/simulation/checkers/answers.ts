/** Whatever a shard answered, at whatever moment, was the state at the cursor that it named. */
import type { LogEntry } from '../../../runtime/log.ts';
import { Reference } from '../reference.ts';
import { type Evidence, canonical, few } from './judgement.ts';

interface Claimed {
  readonly who: string;
  readonly address: string;
  readonly cursor: { readonly seq: number; readonly index: number };
  readonly said: string;
}

/** Replays a partition with its models and compares each answer when its cursor is reached. */
export function replayAndCompare(
  evidence: Evidence,
  partition: number,
  claimed: readonly Claimed[],
): { readonly reference: Reference; readonly wrong: string[] } {
  const reference = new Reference(partition, evidence.models, evidence.verdicts);
  const wrong: string[] = [];
  const waiting = [...claimed].sort((a, b) => a.cursor.seq - b.cursor.seq || a.cursor.index - b.cursor.index);
  let next = 0;
  /** What the models say, by address, at the cursor that was looked at last. */
  const said = new Map<string, string>();
  const saidOf = (address: string): string => {
    let text = said.get(address);
    if (text === undefined) said.set(address, (text = canonical(answerOf(reference, evidence, address))));
    return text;
  };
  const compare = (seq: number, index: number): void => {
    for (; next < waiting.length; next++) {
      const { who, address, cursor, said: got } = waiting[next] as Claimed;
      if (cursor.seq > seq || (cursor.seq === seq && cursor.index >= index)) return;
      const expected = saidOf(address);
      if (got !== expected)
        wrong.push(
          `${who} answered for ${address} at ${cursor.seq}.${cursor.index}: ${difference(got, expected)}`,
        );
    }
  };
  for (const entry of evidence.history.entries[partition] as LogEntry[])
    reference.apply(entry, (seq, index) => {
      compare(seq, index);
      said.clear();
    });
  compare(Number.POSITIVE_INFINITY, 0);
  return { reference, wrong: few(wrong) };
}

/** As the queries `all` of the actors give it. */
function answerOf(reference: Reference, { models }: Evidence, address: string): unknown {
  const kind = address.slice(0, address.indexOf('/'));
  const state = reference.actors.get(address as never)?.state ?? models[kind]?.initial();
  return JSON.parse(canonical(state), (key, value: unknown) =>
    kind === 'heap' && key === 'rows'
      ? (value as [string, string][]).map(([name, tag]) => `${name}=${tag}`)
      : value,
  );
}

function difference(got: string, expected: string): string {
  let at = 0;
  while (at < got.length && got[at] === expected[at]) at++;
  const from = Math.max(0, at - 60);
  return `got …${got.slice(from, at + 80)}…, expected …${expected.slice(from, at + 80)}…`;
}
