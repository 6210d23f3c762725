/** Actors that write down what reached them, and that do everything whose effects could be lost or doubled by a move. */
import { existsSync, writeFileSync } from 'node:fs';
import { setup } from 'xstate';
import { z } from 'zod';
import {
  createSystem,
  defineActor,
  defineContract,
  defineTable,
  emit,
  internal,
  type MessageOf,
  reply,
  schedule,
  supervisor,
  task,
  tell,
} from '../../../nodes/library.ts';

const note = z.string();

export const noteContract = defineContract({
  kind: 'note',
  messages: {
    add: z.object({ note }),
    pass: z.object({ to: z.string(), note }),
    later: z.object({ note, delayMs: z.number() }),
    work: z.object({ note }),
    fail: z.object({ note }),
    /** Passes on, and blocks its thread until the file `release` is there; only its first turn does. */
    block: z.object({ to: z.string(), note, started: z.string(), release: z.string() }),
    'work.done': internal(z.object({ input: z.object({ note }), output: z.unknown() })),
    'work.failed': internal(z.object({ input: z.unknown(), error: z.unknown() })),
  },
  events: { noted: z.object({ note }) },
});

const notes = defineTable<string>('notes');
const LOOK_MS = 10;

function write(text: string): void {
  const [last] = notes.range({ reverse: true, limit: 1 });
  const count = Number(last?.[0] ?? 0) + 1;
  notes.put(String(count).padStart(6, '0'), text);
  emit(noteContract, 'noted', { note: text });
  reply({ count });
}

function blockOnce(started: string, release: string): void {
  if (existsSync(started)) return;
  writeFileSync(started, '');
  const nobodyWakesIt = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(release)) Atomics.wait(nobodyWakesIt, 0, 0, LOOK_MS);
}

const notebook = defineActor({
  ...noteContract,
  tables: { notes },
  queries: { notes: () => [...notes.range({})].map(([, text]) => text) },
  tasks: { work: async () => ({}) },
  machine: setup({
    types: { events: {} as MessageOf<typeof noteContract.messages> },
  }).createMachine({
    context: {},
    on: {
      add: { actions: ({ event }) => write(event.note) },
      pass: { actions: ({ event }) => tell(noteContract.at(event.to), { type: 'add', note: event.note }) },
      later: {
        actions: ({ event }) => schedule(event.note, event.delayMs, { type: 'add', note: event.note }),
      },
      work: { actions: ({ event }) => task('work', { note: event.note }) },
      fail: {
        actions: ({ event }) => {
          throw new Error(event.note);
        },
      },
      block: {
        actions: ({ event }) => {
          tell(noteContract.at(event.to), { type: 'add', note: event.note });
          blockOnce(event.started, event.release);
          write(event.note);
        },
      },
      'work.done': { actions: ({ event }) => write(event.input.note) },
    },
  }),
});

export default createSystem({ actors: [notebook], tree: supervisor('notes', { children: [notebook] }) });
