/** Large snapshots, turns that change hundreds of rows, turns with hundreds of effects: what limits and batches meet. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, internal, type MessageOf } from '../../../protocol/contract.ts';
import { defineActor } from '../../../runtime/define-actor.ts';
import { emit, tell } from '../../../runtime/effects.ts';
import { defineTable } from '../../../runtime/table.ts';
import { model, moments, type Workload } from '../workload.ts';

const contract = defineContract({
  kind: 'heap',
  messages: {
    /** The snapshot gets so many bytes. */
    fill: z.object({ bytes: z.number(), tag: z.string() }),
    /** So many rows are written. */
    rows: z.object({ count: z.number(), tag: z.string() }),
    clear: z.object({}),
    /** So many messages and a tenth of events. */
    burst: z.object({ count: z.number(), keys: z.number(), tag: z.string() }),
    hit: internal(z.object({ tag: z.string() })),
  },
  events: { burst: z.object({ tag: z.string() }) },
});

const rows = defineTable<string>('rows');
const key = (index: number): string => String(index).padStart(4, '0');

const heap = defineActor({
  ...contract,
  tables: { rows },
  queries: {
    all: ({ context }) => ({
      filled: context.filling.length,
      tag: context.tag,
      hits: context.hits,
      rows: [...rows.range()].map(([name, value]) => `${name}=${value}`),
    }),
  },
  machine: setup({
    types: {
      context: {} as { filling: string; tag: string; hits: number },
      events: {} as MessageOf<typeof contract.messages>,
    },
  }).createMachine({
    context: { filling: '', tag: '', hits: 0 },
    on: {
      fill: {
        actions: assign({ filling: ({ event }) => 'x'.repeat(event.bytes), tag: ({ event }) => event.tag }),
      },
      rows: {
        actions: ({ event }) => {
          for (let index = 0; index < event.count; index++) rows.put(key(index), event.tag);
        },
      },
      clear: {
        actions: () => {
          for (const [name] of [...rows.range({ limit: 900 })]) rows.delete(name);
        },
      },
      burst: {
        actions: ({ event }) => {
          for (let index = 0; index < event.count; index++) {
            tell(contract.at(`h${index % event.keys}`), { type: 'hit', tag: `${event.tag}.${index}` });
            if (index % 10 === 0) emit(contract, 'burst', { tag: `${event.tag}.${index}` });
          }
        },
      },
      hit: { actions: assign({ hits: ({ context }) => context.hits + 1 }) },
    },
  }),
});

interface State {
  readonly filled: number;
  readonly tag: string;
  readonly hits: number;
  readonly rows: Map<string, string>;
}

export const large: Workload = {
  name: 'large',
  actors: [heap],
  models: {
    heap: model<State>({
      takes: { fill: 'public', rows: 'public', clear: 'public', burst: 'public', hit: 'internal' },
      initial: () => ({ filled: 0, tag: '', hits: 0, rows: new Map() }),
      apply(state, message, turn) {
        const { type, tag, bytes, count, keys } = message as unknown as {
          type: string;
          tag: string;
          bytes: number;
          count: number;
          keys: number;
        };
        if (type === 'fill') return { ...state, filled: bytes, tag };
        if (type === 'hit') return { ...state, hits: state.hits + 1 };
        if (type === 'clear')
          for (const name of [...state.rows.keys()].sort().slice(0, 900)) state.rows.delete(name);
        if (type === 'rows') for (let index = 0; index < count; index++) state.rows.set(key(index), tag);
        if (type !== 'burst') return state;
        for (let index = 0; index < count; index++) {
          const told = `${tag}.${index}`;
          turn.tell(`heap/h${index % keys}`, { type: 'hit', tag: told } as { type: string });
          if (index % 10 === 0) turn.emit('burst', { tag: told });
        }
        return state;
      },
    }),
  },
  plan(draw, messages) {
    const keys = draw.whole(2, 4);
    // Each costs as much as hundreds of others.
    return moments(draw, Math.max(4, Math.ceil(messages / 25))).map((at, index) => {
      const to = contract.at(`h${draw.whole(0, keys - 1)}`);
      const tag = `b${index}`;
      const dice = draw.next();
      const message =
        dice < 0.35
          ? { type: 'fill', bytes: draw.pick([0, 1_000, 100_000, 300_000, 480_000]), tag }
          : dice < 0.65
            ? { type: 'rows', count: draw.pick([10, 300, 900]), tag }
            : dice < 0.75
              ? { type: 'clear' }
              : { type: 'burst', count: draw.pick([20, 150, 600]), keys, tag };
      return { at, to, what: { message } };
    });
  },
};
