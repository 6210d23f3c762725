/** `<ns>.sys.*`: what operators and the command line ask of a running system. Each endpoint by its name. */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { isAddress, isKey, isKind } from '../protocol/address.ts';
import { decodeMap } from '../protocol/codec.ts';
import { BanyanError, toBanyanError } from '../protocol/errors.ts';
import { HEADER } from '../protocol/headers.ts';
import type { Subjects } from '../protocol/subjects.ts';
import { treeRequestSchema } from '../protocol/wire.ts';
import { pruneTree } from '../supervisors/prune-tree.ts';
import type { TreeNode } from '../supervisors/tree.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Move, Moved } from './move-partition.ts';
import type { NodeView } from './node-view.ts';
import { respond, respondError } from './respond.ts';
import { QUEUES, type ServiceDiscovery } from './service-discovery.ts';
import type { WorkerEntry } from './workers/node-workers.ts';

/** What the endpoints can do to the node. */
export interface SystemParts {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly view: NodeView;
  readonly deadLetters: DeadLetters;
  readonly discovery: ServiceDiscovery;
  /** From run.json: whoever can read it may send what only actors may send. */
  readonly token: string;
  readonly order: (address: string, order: string, reason: string | undefined) => Promise<number>;
  readonly restart: (address: string) => Promise<void>;
  readonly tellInternal: (address: string, message: { readonly type: string }) => Promise<number>;
  readonly move: (move: Move) => Promise<Moved>;
  readonly workers: {
    readonly list: () => readonly WorkerEntry[];
    readonly kill: (id: string) => { readonly pid: number };
  };
}

const address = z.string().refine(isAddress, 'expected an address, kind/key');
const actorsRequest = z.object({
  kind: z.string().optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(1000).default(100),
});
const actorRequest = z.object({ address });
const orderRequest = z.object({
  address,
  order: z.enum(['pause', 'resume', 'delete', 'restart', 'kill']),
  reason: z.string().max(200).optional(),
});
const internalRequest = z.object({ address, message: z.looseObject({ type: z.string() }) });
const moveRequest = z.object({
  partition: z.int().min(0),
  shard: z.int().min(0),
  force: z.boolean().optional(),
});
const deadRequest = z.object({ op: z.enum(['replay', 'drop']), ids: z.array(z.string()).min(1).max(1000) });

const workerRequest = z.object({ op: z.literal('kill'), id: z.string() });

type Endpoint = (body: Record<string, unknown>, request: Msg) => Promise<object>;

export function serveSystem(parts: SystemParts): void {
  const { connection, subjects, view } = parts;
  const value = (result: unknown): object => ({ ok: true, value: result });
  const endpoints: Readonly<Record<string, Endpoint>> = {
    tree: async (body) => {
      const query = checked(treeRequestSchema, body);
      const tree = await view.tree();
      return {
        ...tree,
        nodes: tree.nodes.map((node) => ({ ...node, tree: pruneTree(node.tree as TreeNode, query) })),
      };
    },
    health: () => view.health(),
    actors: async (body) => value({ actors: await view.actors(checked(actorsRequest, body)) }),
    actor: async (body) => value(await view.actor(checked(actorRequest, body).address)),
    hash: async (body) => value(await view.stateHash(checked(actorRequest, body).address)),
    work: async () => value(await view.work()),
    order: async (body) => {
      const { address: to, order, reason } = checked(orderRequest, body);
      if (order !== 'restart') return value({ seq: await parts.order(to, order, reason) });
      await parts.restart(to);
      return value({});
    },
    partitions: async () => value({ partitions: await view.partitions() }),
    move: async (body, request) => {
      requireToken(parts, request);
      return value(await parts.move(checked(moveRequest, body)));
    },
    workers: async () => value({ workers: parts.workers.list() }),
    worker: async (body, request) => {
      requireToken(parts, request);
      return value(parts.workers.kill(checked(workerRequest, body).id));
    },
    internal: async (body, request) => {
      requireToken(parts, request);
      const { address: to, message } = checked(internalRequest, body);
      return value({ seq: await parts.tellInternal(to, message) });
    },
    dead: async (body) => {
      const { op, ids } = checked(deadRequest, body);
      return value(await parts.deadLetters[op](ids));
    },
  };
  connection.subscribe(subjects.all.sys, {
    queue: QUEUES.sys,
    callback: (error, request) => {
      if (error === null) void serve(endpoints, parts, request);
    },
  });
  // Well-formed asks are answered by the shard that owns the actor, here or at another node; the rest has nobody else.
  connection.subscribe(subjects.all.ask, {
    callback: (error, request) => {
      if (error === null) refuseAsk(parts, request);
    },
  });
}

async function serve(
  endpoints: Readonly<Record<string, Endpoint>>,
  { subjects, discovery }: SystemParts,
  request: Msg,
): Promise<void> {
  const startedNs = process.hrtime.bigint();
  try {
    const { tokens } = subjects.parseRequest(request.subject);
    const name = tokens[0] ?? '';
    const endpoint = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
    if (endpoint === undefined)
      throw new BanyanError('request.subject', { message: `There is no endpoint '${name}'.` });
    const body =
      request.data.byteLength === 0
        ? {}
        : decodeMap(request.data, request.headers?.get(HEADER.contentType) || undefined);
    respond(request, await endpoint(body, request));
    discovery.observe('sys', startedNs);
  } catch (error) {
    const known = toBanyanError(error);
    discovery.observe('sys', startedNs, known);
    respondError(request, known);
  }
}

function requireToken({ token }: SystemParts, request: Msg): void {
  if (request.headers?.get(HEADER.token) !== token)
    throw new BanyanError('authorisation', { message: 'The token of run.json is needed.' });
}

function checked<S extends z.ZodType>(schema: S, body: Record<string, unknown>): z.infer<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BanyanError('request.malformed', {
    message: issue?.message ?? '',
    path: issue?.path.join('.') ?? '',
  });
}

function refuseAsk({ subjects, view, discovery }: SystemParts, request: Msg): void {
  const startedNs = process.hrtime.bigint();
  try {
    const [kind = '', key = ''] = subjects.parseRequest(request.subject).tokens;
    if (!isKind(kind) || !isKey(key))
      throw new BanyanError('address.invalid', {
        message: `${JSON.stringify(`${kind}/${key}`)} is not an address.`,
      });
    if (view.isLost(`${kind}/${key}`)) return;
    if (!view.ownerReady(`${kind}/${key}`))
      throw new BanyanError('partition.unavailable', { retryAfterMs: 500 });
    discovery.observe('ask', startedNs);
  } catch (error) {
    const known = toBanyanError(error);
    discovery.observe('ask', startedNs, known);
    respondError(request, known);
  }
}
