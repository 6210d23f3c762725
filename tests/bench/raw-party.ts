/**
 * The raw path's other side, without any of our code: an ordered consumer that decodes what it gets, and a
 * responder that answers a request at once.
 */
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { unpack } from 'msgpackr';
import { fileURLToPath } from 'node:url';
import { nowUs } from './measurement.ts';
import { serveParty } from './party.ts';

export interface RawArgument {
  readonly url: string;
  readonly stream: string;
  readonly subject: string;
  readonly respondTo: string;
}

/** `more`: resolves when that many more messages came than before. `drain`: the latencies since the last time. */
export type RawRequest = { readonly op: 'more'; readonly count: number } | { readonly op: 'drain' };

export const RAW_PARTY = new URL(import.meta.url);
const ANSWER = Buffer.from([0x81, 0xa2, 0x6f, 0x6b, 0xc3]);

if (process.argv[1] === fileURLToPath(RAW_PARTY)) {
  await serveParty<RawArgument>(async ({ url, stream, subject, respondTo }) => {
    const connection = await connect({ servers: url });
    const consumer = await jetstream(connection).consumers.get(stream, {
      filter_subjects: [subject],
      deliver_policy: DeliverPolicy.New,
    });
    const latenciesUs: number[] = [];
    let seen = 0;
    let asked = 0;
    let awaited = { count: Number.POSITIVE_INFINITY, resolve: () => {} };
    const messages = await consumer.consume({
      max_messages: 1_000,
      callback: (message) => {
        const { atUs } = unpack(message.data) as { atUs?: number };
        if (atUs !== undefined) latenciesUs.push(nowUs() - atUs);
        if (++seen >= awaited.count) awaited.resolve();
      },
    });
    connection.subscribe(respondTo, { callback: (_error, request) => void request.respond(ANSWER) });
    await connection.flush();
    return {
      answer: async (request: RawRequest) => {
        if (request.op === 'drain') return latenciesUs.splice(0);
        asked += request.count;
        if (seen < asked) await new Promise<void>((resolve) => (awaited = { count: asked, resolve }));
        return seen;
      },
      stop: async () => {
        messages.stop();
        await connection.close();
      },
    };
  });
}
