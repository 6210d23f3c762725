/** Tables without an actor, for tests of functions that read and write rows: what they touch is counted. */
import { type CommittedRows, TurnRows } from '../../runtime/actor-rows.ts';
import { type Rows, withTurn } from '../../runtime/current-turn.ts';
import { Overlay } from '../../runtime/overlay.ts';
import { MemoryStore } from '../../runtime/store-memory.ts';

export interface Touched {
  /** Rows read or written, and the bytes of the largest one that was written. */
  rows: number;
  largestBytes: number;
}

/** Runs functions as if in a turn of one actor, one after the other, on the same rows. */
export function turnTables() {
  const store = new MemoryStore();
  const overlay = new Overlay(store);
  const actor = 'test/main' as never;
  const refuse = (): never => {
    throw new Error('only tables are there');
  };
  return function inTurn<T>(body: () => T, touched: Touched = { rows: 0, largestBytes: 0 }, nowMs = 0): T {
    const rows = counting(new TurnRows(overlay, 0, actor), touched);
    const result = withTurn(
      {
        self: actor,
        now: nowMs,
        sender: undefined,
        messageId: '',
        replyTo: undefined,
        random: refuse,
        effect: refuse,
        deferReply: refuse,
        abandon: refuse,
        rows,
      },
      body,
    );
    overlay.flush();
    return result;
  };
}

function counting(rows: CommittedRows, touched: Touched): Rows {
  return {
    get: (table, key) => {
      touched.rows++;
      return rows.get(table, key);
    },
    put: (table, key, row, version) => {
      touched.rows++;
      touched.largestBytes = Math.max(touched.largestBytes, JSON.stringify(row).length);
      rows.put(table, key, row, version);
    },
    delete: (table, key) => {
      touched.rows++;
      rows.delete(table, key);
    },
    range: (table, range) => rows.range(table, range),
  };
}
