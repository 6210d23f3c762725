/**
 * The workers of a node: the application's tree, reduced to the supervisors that hold workers, as a real supervisor
 * tree under the node's root. Actors of the same supervisors live in the shards.
 */
import type { Logger } from 'pino';
import { BanyanError } from '../../protocol/errors.ts';
import type { ChildSpec } from '../../supervisors/child-spec.ts';
import { isSupervisor, type SupervisorDeclaration } from '../../supervisors/declaration.ts';
import type { PerformerPorts } from '../../supervisors/perform.ts';
import { nodeAt } from '../../supervisors/prune-tree.ts';
import { declaredSupervisor } from '../../supervisors/start-declared.ts';
import { supervisorChild } from '../../supervisors/supervisor-child.ts';
import { pathOf, type TreeNode, type TreeStatus } from '../../supervisors/tree.ts';
import { isWorker, type WorkerDeclaration } from '../../supervisors/worker-declaration.ts';
import type { BrokerAddress } from '../connect.ts';
import { WorkerHost, type WorkerListener } from './worker-host.ts';

export interface NodeWorkersParts extends PerformerPorts {
  /** The application's tree, as `createSystem` carries it. */
  readonly tree: unknown;
  readonly namespace: string;
  readonly node: string;
  readonly broker: BrokerAddress;
  readonly log: Logger;
  readonly listener: WorkerListener;
}

/** What is known of one worker. */
export interface WorkerEntry {
  readonly id: string;
  readonly path: string;
  readonly status: TreeStatus;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** Since the node started. */
  readonly restarts: number;
  readonly uptimeMs: number | null;
}

const SUPERVISOR = 'workers';

export class NodeWorkers {
  readonly #parts: NodeWorkersParts;
  readonly #hosts = new Map<string, WorkerHost>();
  readonly #specs: readonly ChildSpec[];

  constructor(parts: NodeWorkersParts) {
    this.#parts = parts;
    const tree = parts.tree as SupervisorDeclaration | undefined;
    this.#specs = tree === undefined || !holdsWorkers(tree) ? [] : [this.#root(tree)];
  }

  /** The supervisor `workers`; nothing when the application declares none. */
  get specs(): readonly ChildSpec[] {
    return this.#specs;
  }

  /** Every declared worker, in the order of the tree; `live` is the tree of the node as it is now. */
  list(live: TreeNode | undefined): WorkerEntry[] {
    return [...this.#hosts.values()].map(({ id, path, pid, restarts, uptimeMs }) => ({
      id,
      path,
      // A supervisor that is down itself is about to return.
      status: (live && nodeAt(live, path))?.status ?? 'backoff',
      pid: pid ?? null,
      restarts,
      uptimeMs: uptimeMs ?? null,
    }));
  }

  /** Kills the process of a worker. Throws `worker.not_found`, `worker.not_running`. */
  kill(id: string): { readonly pid: number } {
    const host = this.#hosts.get(id);
    if (host !== undefined) return host.kill();
    throw new BanyanError('worker.not_found', {
      message: `The application declares no worker '${id}'.`,
    });
  }

  #root(tree: SupervisorDeclaration): ChildSpec {
    const { clock, random, onEvent, node } = this.#parts;
    const ports = { clock, random, onEvent };
    const branch = declaredSupervisor(tree, {
      ...ports,
      isWanted: holdsWorkers,
      childAt: (child, above) =>
        isWorker(child) ? this.#worker(child, [node, SUPERVISOR, ...above].join('/')) : undefined,
    });
    return supervisorChild({
      id: SUPERVISOR,
      // Whatever happens to its workers, the node goes on, and tries again: nothing of this counts.
      children: () => [{ ...branch, isTransient: () => true }],
      ...ports,
    });
  }

  #worker(declaration: WorkerDeclaration, above: string): ChildSpec {
    const { node, namespace, broker, log, listener } = this.#parts;
    const { id } = declaration;
    const host = new WorkerHost({
      declaration,
      path: pathOf(above, id),
      context: {
        id,
        node,
        namespace,
        broker: {
          servers: broker.url,
          namespace,
          name: `banyan ${node} worker ${id}`,
          // It answered the node: the worker's connection may wait for it.
          waits: true,
          ...(broker.creds === undefined ? {} : { creds: broker.creds }),
        },
      },
      log,
      listener,
    });
    this.#hosts.set(id, host);
    return host.spec();
  }
}

function holdsWorkers(tree: SupervisorDeclaration): boolean {
  return tree.children.some((child) => isWorker(child) || (isSupervisor(child) && holdsWorkers(child)));
}
