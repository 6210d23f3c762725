/** Timers that are set, replaced and cancelled; tasks that answer, fail and tell others, more than once if it must be. */
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineContract, internal, type MessageOf } from '../../../protocol/contract.ts';
import { defineActor } from '../../../runtime/define-actor.ts';
import { cancel, emit, schedule, task } from '../../../runtime/effects.ts';
import { model, moments, Poison, type Workload } from '../workload.ts';

const contract = defineContract({
  kind: 'clerk',
  messages: {
    remind: z.object({ name: z.string(), delayMs: z.number(), tag: z.string() }),
    forget: z.object({ name: z.string() }),
    reminded: internal(z.object({ tag: z.string() })),
    work: z.object({ tag: z.string(), tells: z.number(), fails: z.boolean() }),
    noted: internal(z.object({ tag: z.string() })),
    'job.done': internal(z.object({ input: z.unknown(), output: z.unknown() })),
    'job.failed': internal(z.object({ input: z.unknown(), error: z.unknown() })),
  },
  events: { finished: z.object({ tag: z.string() }) },
});

interface Job {
  readonly tag: string;
  readonly tells: number;
  readonly fails: boolean;
}

const clerk = defineActor({
  ...contract,
  queries: { all: ({ context }) => context.log },
  tasks: {
    job: async ({ tag, tells, fails }: Job, { tell }) => {
      for (let n = 0; n < tells; n++) {
        const message = { type: 'noted', tag: `${tag}#${n}` };
        await tell(contract.at(`c${n}`), message);
      }
      if (fails) throw new Error(`no luck with ${tag}`);
      return tag;
    },
  },
  machine: setup({
    types: { context: {} as { log: string[] }, events: {} as MessageOf<typeof contract.messages> },
  }).createMachine({
    context: { log: [] },
    on: {
      remind: {
        actions: ({ event }) =>
          schedule(event.name, event.delayMs, { type: 'reminded', tag: event.tag } as { type: string }),
      },
      forget: { actions: ({ event }) => cancel(event.name) },
      reminded: { actions: assign({ log: ({ context, event }) => [...context.log, `timer ${event.tag}`] }) },
      noted: { actions: assign({ log: ({ context, event }) => [...context.log, `note ${event.tag}`] }) },
      work: {
        actions: ({ event }) => task('job', { tag: event.tag, tells: event.tells, fails: event.fails }),
      },
      'job.done': {
        actions: [
          assign({ log: ({ context, event }) => [...context.log, `done ${String(event.output)}`] }),
          ({ event }) => emit(contract, 'finished', { tag: String(event.output) }),
        ],
      },
      'job.failed': {
        actions: assign({
          log: ({ context, event }) => [...context.log, `failed ${(event.input as Job).tag}`],
        }),
      },
    },
  }),
});

export const timersTasks: Workload = {
  name: 'timers-tasks',
  actors: [clerk],
  models: {
    clerk: model<string[]>({
      takes: {
        remind: 'public',
        forget: 'public',
        work: 'public',
        reminded: 'internal',
        noted: 'internal',
        'job.done': 'internal',
        'job.failed': 'internal',
      },
      initial: () => [],
      apply(state, message, turn) {
        const fields = message as unknown as Record<string, string> & { delayMs: number; input: Job };
        switch (message.type) {
          case 'remind':
            turn.schedule(fields['name'] ?? '', fields.delayMs, {
              type: 'reminded',
              tag: fields['tag'],
            } as { type: string });
            return state;
          case 'forget':
            turn.cancel(fields['name'] ?? '');
            return state;
          case 'work': {
            const { tag, tells, fails } = message as unknown as Job;
            turn.task('job', { tag, tells, fails });
            return state;
          }
          case 'reminded':
            state.push(`timer ${fields['tag']}`);
            return state;
          case 'noted':
            state.push(`note ${fields['tag']}`);
            return state;
          case 'job.done':
            state.push(`done ${fields['output']}`);
            turn.emit('finished', { tag: fields['output'] });
            return state;
          case 'job.failed':
            state.push(`failed ${fields.input.tag}`);
            return state;
          default:
            throw new Poison(message.type);
        }
      },
    }),
  },
  plan(draw, messages) {
    const keys = Array.from({ length: draw.whole(2, 5) }, (_, index) => `c${index}`);
    return moments(draw, messages).map((at, index) => {
      const tag = `g${index}`;
      const name = `n${draw.whole(0, 2)}`;
      const to = contract.at(draw.pick(keys));
      const dice = draw.next();
      const message =
        dice < 0.45
          ? { type: 'remind', name, delayMs: draw.whole(0, draw.pick([10, 500, 20_000])), tag }
          : dice < 0.55
            ? { type: 'forget', name }
            : { type: 'work', tag, tells: draw.whole(0, 3), fails: draw.chance(0.2) };
      return { at, to, what: { message } };
    });
  },
};
