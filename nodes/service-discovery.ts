/**
 * The NATS services protocol: `nats micro ls`, `info` and `stats` find every node as an instance of one service,
 * with submit, call, ask and sys as its endpoints. Asks are answered by shards; here they are only counted.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { BanyanError } from '../protocol/errors.ts';
import type { RequestVerb, Subjects } from '../protocol/subjects.ts';

export interface DiscoveryParts {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  /** The instance's id. */
  readonly node: string;
  readonly version: string;
  readonly startedAt: Date;
}

interface Statistics {
  requests: number;
  errors: number;
  lastError: string;
  processingNs: number;
}

/** The service's name; instances differ by id, namespaces by metadata. */
const SERVICE = 'banyan';
const VERBS: readonly RequestVerb[] = ['submit', 'call', 'ask', 'sys'];

export class ServiceDiscovery {
  readonly #parts: DiscoveryParts;
  readonly #statistics = new Map<RequestVerb, Statistics>(
    VERBS.map((verb) => [verb, { requests: 0, errors: 0, lastError: '', processingNs: 0 }]),
  );

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    const replies = { PING: () => ({}), INFO: () => this.#info(), STATS: () => this.#stats() };
    for (const [verb, describe] of Object.entries(replies)) {
      const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
      const answer = (request: Msg): void =>
        void request.respond(JSON.stringify({ type, ...this.#identity(), ...describe() }));
      for (const subject of [
        `$SRV.${verb}`,
        `$SRV.${verb}.${SERVICE}`,
        `$SRV.${verb}.${SERVICE}.${parts.node}`,
      ]) {
        parts.connection.subscribe(subject, {
          callback: (error, request) => {
            if (error === null) answer(request);
          },
        });
      }
    }
  }

  /** Counts a request. `startedNs` is `process.hrtime.bigint()` when it came. */
  observe(verb: RequestVerb, startedNs: bigint, error?: BanyanError): void {
    const statistics = this.#statistics.get(verb) as Statistics;
    statistics.requests++;
    statistics.processingNs += Number(process.hrtime.bigint() - startedNs);
    if (error === undefined) return;
    statistics.errors++;
    statistics.lastError = `${error.code}: ${error.message}`;
  }

  #identity(): object {
    const { node, version, subjects } = this.#parts;
    return { name: SERVICE, id: node, version, metadata: { namespace: subjects.namespace } };
  }

  #endpoint(verb: RequestVerb): object {
    return { name: verb, subject: this.#parts.subjects.all[verb], queue_group: QUEUES[verb], metadata: {} };
  }

  #info(): object {
    return {
      description: 'Durable actors: submit and call send messages, ask reads committed state.',
      endpoints: VERBS.map((verb) => this.#endpoint(verb)),
    };
  }

  #stats(): object {
    return {
      started: this.#parts.startedAt.toISOString(),
      endpoints: VERBS.map((verb) => {
        const { requests, errors, lastError, processingNs } = this.#statistics.get(verb) as Statistics;
        return {
          ...this.#endpoint(verb),
          num_requests: requests,
          num_errors: errors,
          last_error: lastError,
          processing_time: processingNs,
          average_processing_time: requests === 0 ? 0 : Math.round(processingNs / requests),
        };
      }),
    };
  }
}

/** Who shares the requests of an endpoint; asks go to everybody, the owner answers. */
export const QUEUES: Readonly<Record<RequestVerb, string>> = {
  submit: 'banyan-gateway',
  call: 'banyan-gateway',
  ask: '',
  sys: 'banyan-sys',
};
