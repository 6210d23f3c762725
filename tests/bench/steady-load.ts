/** A load that stays the same: a driver tells many receivers in turn, in bursts. */
import type { JetStreamClient } from '@nats-io/jetstream';
import { encode } from '../../protocol/codec.ts';
import { TEXT } from './bench-app.ts';
import type { BenchNode } from './bench-node.ts';

const BURST_MS = 250;
/** Bursts that may be unacknowledged: a broker that is late gets no more. */
const BURSTS_AHEAD = 8;
const ATTEMPTS = 10;
/** Receivers whose count is compared afterwards. */
const LOOKED_AT = 200;

export interface SteadyLoad {
  /** Ends it; resolves with the messages that were sent when their publisher knows that they are stored. */
  stop(): Promise<number>;
  /** What receivers have too many or too few of, once the node is idle. */
  wrong(): Promise<string[]>;
}

/** `actors` is a multiple of what is sent in a burst. */
export function loadSteadily(
  { subjects, request }: BenchNode,
  js: JetStreamClient,
  actors: number,
  perSecond: number,
): SteadyLoad {
  const burst = (perSecond * BURST_MS) / 1_000;
  let bursts = 0;
  let stored = 0;
  let last: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    if (bursts - stored >= BURSTS_AHEAD) return;
    const from = (bursts++ * burst) % actors;
    const spread = { type: 'spread', run: 'steady', from, until: from + burst, perTurn: burst, text: TEXT };
    const id = `steady-${bursts}`;
    last = last.then(async () => {
      await publishedOnce(js, subjects.to('driver/steady'), encode(spread), id);
      stored++;
    });
  }, BURST_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await last;
      return stored * burst;
    },
    wrong: async () => {
      const wrong: string[] = [];
      for (let n = 0; n < Math.min(actors, stored * burst); n += Math.ceil(actors / LOOKED_AT)) {
        const expected = Math.floor((stored * burst - n - 1) / actors) + 1;
        const count = await request(subjects.ask(`receiver/steady-${n}`, 'count'));
        if (count !== expected) wrong.push(`receiver/steady-${n} has ${String(count)} of ${expected}`);
      }
      return wrong;
    },
  };
}

/** A busy machine is late with an answer now and then: repeats with the same id until there is one. */
async function publishedOnce(
  js: JetStreamClient,
  subject: string,
  data: Uint8Array,
  msgID: string,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await js.publish(subject, data, { msgID });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
