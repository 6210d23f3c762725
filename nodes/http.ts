/** HTTP of a node: health for orchestrators, metrics for Prometheus. Read-only. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { BanyanError } from '../protocol/errors.ts';
import type { NodeView } from './node-view.ts';

export interface HttpServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface HttpOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly view: NodeView;
}

/** Throws `config.invalid` when it cannot listen there. */
export async function startHttp({ host, port, view }: HttpOptions): Promise<HttpServer> {
  const metrics = createMetrics(view);
  const app = new Hono();
  app.get('/health/live', (context) => context.json({ live: true }));
  app.get('/health/ready', async (context) => {
    const health = await view.health();
    return context.json(health, health.ready ? 200 : 503);
  });
  app.get('/metrics', async (context) =>
    context.text(await metrics.metrics(), 200, { 'Content-Type': metrics.contentType }),
  );
  app.get('/api/tree', async (context) => context.json(await view.tree()));
  app.get('/api/work', async (context) => context.json(await view.work()));
  app.notFound((context) =>
    context.json(
      {
        ok: false,
        error: {
          code: 'request.subject',
          message:
            'There is nothing here: see /metrics, /health/live, /health/ready, /api/tree and /api/work.',
          recoverable: false,
        },
      },
      404,
    ),
  );
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(host, port, cause)));
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): BanyanError {
  const wrongHost = cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND';
  return new BanyanError('config.invalid', {
    path: wrongHost ? 'http.host' : 'http.port',
    message: `HTTP cannot listen on ${host}, port ${port}: ${REASONS[cause.code ?? ''] ?? cause.message}`,
    hint: wrongHost
      ? 'Choose another address with --http-host.'
      : 'Choose another with --http-port; 0 takes a free one.',
    cause,
  });
}

/** Names and units follow Prometheus' conventions; counters are read from the shards when they are asked for. */
function createMetrics(view: NodeView): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelled = (
    name: string,
    help: string,
    read: (shard: Awaited<ReturnType<NodeView['statuses']>>[number]) => number,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['shard'],
      registers: [registry],
      async collect() {
        for (const status of await view.statuses())
          this.set({ shard: status.shard.replace('shard-', '') }, read(status));
      },
    });
  labelled('banyan_turns_total', 'Turns since the shard started.', ({ counters }) => counters.turns);
  labelled(
    'banyan_duplicates_total',
    'Messages dropped because they had been applied.',
    ({ counters }) => counters.duplicates,
  );
  labelled(
    'banyan_dead_letters_total',
    'Messages that became dead letters.',
    ({ counters }) => counters.deadLetters,
  );
  labelled('banyan_queued_entries', 'Log entries that wait for a window.', ({ work }) => work.queued);
  labelled(
    'banyan_unacknowledged_effects',
    'Effects that the broker has not acknowledged.',
    ({ work }) => work.unacknowledged,
  );
  labelled('banyan_tasks', 'Tasks that wait or run.', ({ work }) => work.tasks);
  labelled('banyan_timers', 'Timers that are armed.', ({ work }) => work.timers);
  labelled('banyan_resident_actors', 'Actors in memory.', ({ work }) => work.resident);
  labelled('banyan_shard_heap_bytes', 'Heap in use in the shard.', ({ heapBytes }) => heapBytes);
  labelled(
    'banyan_stopped_partitions',
    'Partitions that wait for an operator.',
    ({ partitions }) => partitions.filter(({ status }) => status === 'stopped').length,
  );
  return registry;
}
