/** An application for the determinism check's tests: one honest actor, and one that cheats in every way. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, type MessageOf } from '../protocol/contract.ts';
import { defineActor } from './define-actor.ts';
import { emit, now, random, reply, schedule, tell } from './effects.ts';
import { createSystem } from './system.ts';
import { defineTable } from './table.ts';

export const honestContract = defineContract({
  kind: 'honest',
  messages: { add: z.object({ amount: z.number() }), move: z.object({}) },
  events: { added: z.object({ total: z.number() }) },
});
const lines = defineTable<{ at: number; chance: number }>('lines');

const honest = defineActor({
  ...honestContract,
  tables: { lines },
  machine: setup({
    types: {
      context: {} as { last: number | undefined; total: number },
      events: {} as MessageOf<typeof honestContract.messages>,
    },
  }).createMachine({
    // Left out of the bytes, so the decoded context has its keys in another order.
    context: { last: undefined, total: 0 },
    on: {
      add: {
        actions: [
          assign(({ context, event }) => ({ last: now(), total: context.total + event.amount })),
          ({ context }) => {
            lines.put(`l${context.total}`, { at: now(), chance: random() });
            const row = lines.get(`l${context.total}`);
            // What a turn does to a row that it was given stays with the turn.
            if (row !== undefined) row.at = -1;
            emit(honestContract, 'added', { total: context.total });
            schedule('later', 3_600_000, { type: 'move' });
            reply({ when: new Date(now()) });
          },
        ],
      },
      move: {
        actions: () => {
          for (const [key, row] of lines.range({ limit: 2 })) {
            lines.delete(key);
            lines.put(`moved-${key}`, { ...row, chance: random() });
          }
        },
      },
    },
  }),
});

export const cheatContract = defineContract({
  kind: 'cheat',
  messages: {
    clock: z.object({}),
    date: z.object({}),
    performance: z.object({}),
    chance: z.object({}),
    file: z.object({}),
    process: z.object({}),
    effect: z.object({}),
    row: z.object({}),
    read: z.object({}),
    memory: z.object({}),
    uncoded: z.object({}),
    stamped: z.object({ at: z.number().default(() => Date.now()) }),
    hang: z.object({}),
  },
});
const seen = defineTable<{ at: number }>('seen');
let turns = 0;

const cheat = defineActor({
  ...cheatContract,
  tables: { seen },
  machine: setup({
    types: {
      context: {} as { at: unknown; tags: unknown },
      events: {} as MessageOf<typeof cheatContract.messages>,
    },
  }).createMachine({
    context: { at: 0, tags: new Set<number>() },
    on: {
      clock: { actions: assign({ at: () => Date.now() }) },
      date: { actions: assign({ at: () => ({ day: new Date().toISOString().slice(0, 10) }) }) },
      performance: { actions: assign({ at: () => Math.floor(performance.now() / 60_000) }) },
      chance: { actions: assign({ at: () => Math.random() }) },
      file: { actions: assign({ at: () => readFileSync(import.meta.filename).byteLength }) },
      process: { actions: assign({ at: () => execFileSync(process.execPath, ['--version']).byteLength }) },
      effect: { actions: () => tell(honestContract.at(randomUUID()), { type: 'add', amount: 1 }) },
      row: { actions: () => seen.put('0001', { at: Date.now() }) },
      read: { actions: () => void seen.get(`r${Math.random()}`) },
      memory: { actions: assign({ at: () => ++turns }) },
      // A Set becomes an array in the bytes: right until the actor is decoded once.
      uncoded: {
        actions: assign({ at: ({ context }) => (context.tags instanceof Set ? 'a set' : 'no set') }),
      },
      stamped: { actions: assign({ at: ({ event }) => event.at }) },
      hang: {
        actions: () => {
          // Only where clocks are shifted.
          while (performance.now() > 86_400_000);
        },
      },
    },
  }),
});

/** The convention for applications: a system, or a function from settings to one. */
const application = (settings: unknown) => {
  if (settings !== 'fixture') throw new Error('the settings did not arrive');
  return createSystem({ actors: [honest, cheat] });
};
export default application;
