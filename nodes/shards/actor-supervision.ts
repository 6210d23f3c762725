/**
 * The application's supervisors as they run on a shard, over its durable actors. An actor that works needs no account
 * anywhere; its supervisor adopts it, and whoever shares its fate, when it fails: when an operator kills it. Messages
 * that its turns fail on are no failure of this kind: they are dead letters, and quarantine counts them
 * (`runtime/quarantine.ts`).
 *
 * To stop an actor is to drop its memory, to start it is nothing: its next message loads it. It is served all the
 * while, also when its supervisor has given up and backs off: what a turn computes depends on the log alone.
 */
import type { Address } from '../../protocol/address.ts';
import type { ChildHandle, ChildSpec, ExitReason } from '../../supervisors/child-spec.ts';
import { isSupervisor, placeActor, type SupervisorDeclaration } from '../../supervisors/declaration.ts';
import type { AdoptedChild, PerformerPorts } from '../../supervisors/perform.ts';
import { declaredSupervisor } from '../../supervisors/start-declared.ts';
import { startSupervisor, type Supervisor } from '../../supervisors/supervisor.ts';
import type { SupervisorNode } from '../../supervisors/tree.ts';
import { isForWorkers } from './shard-tree.ts';

export interface ActorSupervisionParts extends PerformerPorts {
  /** The id of the shard's own supervisor. */
  readonly shard: string;
  /** The application's tree, as `createSystem` carries it. */
  readonly tree: unknown;
  /** Actors that are in memory. */
  readonly residents: () => readonly Address[];
  /** Drops an actor's memory and counts that. */
  readonly restart: (address: Address) => void;
}

/** An actor has nothing to wait for before it returns. */
const AT_ONCE = { baseMs: 0, maxMs: 0, factor: 1, jitter: 0, healthyMs: 0 };

export class ActorSupervision {
  readonly #parts: ActorSupervisionParts;
  readonly #tree: SupervisorDeclaration | undefined;
  readonly #declared = new Map<string, SupervisorDeclaration>();
  /** Those that run, by their id, which is unique in the tree. */
  readonly #live = new Map<string, Supervisor>();
  /** The actors that each supervisor knows. */
  readonly #members = new Map<string, Map<string, Member>>();
  #root: Supervisor | undefined;
  #starting: Promise<void> | undefined;

  constructor(parts: ActorSupervisionParts) {
    this.#parts = parts;
    this.#tree = parts.tree as SupervisorDeclaration | undefined;
    if (this.#tree !== undefined) for (const one of below(this.#tree)) this.#declared.set(one.id, one);
  }

  /** Once: what was stopped stays so. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { shard, clock, random, onEvent } = this.#parts;
    const ports = { clock, random, onEvent };
    const branch =
      this.#tree &&
      declaredSupervisor(this.#tree, {
        ...ports,
        isWanted: (declared) => !isForWorkers(declared),
        childAt: () => undefined,
        backoff: AT_ONCE,
        onStart: (supervisor) => this.#started(supervisor),
      });
    // Escalation ends here: no actor takes its shard down.
    const children = branch === undefined ? [] : [{ ...branch, isTransient: () => true }];
    this.#root = await startSupervisor({ id: shard, children, ...ports });
  }

  /** An operator has killed an actor: a failure, for its supervisor to act on. */
  killed(address: Address): void {
    if (this.#tree === undefined) return;
    const declared = this.#declared.get(placeActor(this.#tree, address).at(-1) ?? '');
    const supervisor = declared && this.#live.get(declared.id);
    // One that has given up, and returns, knows nobody.
    if (declared === undefined || supervisor === undefined) return;
    const others = declared.strategy === 'one_for_one' ? [] : this.#residentsOf(declared);
    const members = [...new Set([address, ...others])].sort(byPlace(declared));
    const supervisors = declared.children.filter(isSupervisor).map(({ id }) => id);
    const known = this.#membersOf(declared.id);
    supervisor.adoptChildren(
      members.map((member) => this.#adopted(known, member)),
      [...supervisors, ...members].sort(byPlace(declared)),
    );
    known.get(address)?.end({ kind: 'killed' });
    const kept = new Set(supervisor.whichChildren().map(({ id }) => id));
    for (const id of known.keys()) if (!kept.has(id)) known.delete(id);
  }

  /** The shard's own supervisor with those below it, and the actors that they have adopted. */
  describe(): SupervisorNode | undefined {
    return this.#root?.tree();
  }

  async stop(): Promise<void> {
    await this.#starting;
    await this.#root?.stop();
  }

  #started(supervisor: Supervisor): void {
    this.#live.set(supervisor.id, supervisor);
    void supervisor.exited.then(() => {
      if (this.#live.get(supervisor.id) === supervisor) this.#live.delete(supervisor.id);
    });
  }

  #residentsOf({ id }: SupervisorDeclaration): Address[] {
    const tree = this.#tree as SupervisorDeclaration;
    return this.#parts.residents().filter((address) => placeActor(tree, address).at(-1) === id);
  }

  #membersOf(supervisor: string): Map<string, Member> {
    const known = this.#members.get(supervisor) ?? new Map<string, Member>();
    this.#members.set(supervisor, known);
    return known;
  }

  #adopted(known: Map<string, Member>, address: Address): AdoptedChild {
    const enter = (): ChildHandle => {
      const member = this.#member(known, address);
      known.set(address, member);
      return member.handle;
    };
    const spec: ChildSpec = { id: address, type: 'actor', restart: 'permanent', start: async () => enter() };
    return { spec, handle: known.get(address)?.handle ?? enter() };
  }

  #member(known: Map<string, Member>, address: Address): Member {
    const { promise, resolve } = Promise.withResolvers<ExitReason>();
    const end = (reason: ExitReason): void => {
      known.delete(address);
      resolve(reason);
    };
    const drop = (kind: ExitReason['kind']): void => {
      this.#parts.restart(address);
      end({ kind });
    };
    const handle = { exited: promise, kill: () => drop('killed'), stop: async () => drop('shutdown') };
    return { handle, end };
  }
}

/** An actor that its supervisor knows. */
interface Member {
  readonly handle: ChildHandle;
  readonly end: (reason: ExitReason) => void;
}

function* below(tree: SupervisorDeclaration): Generator<SupervisorDeclaration> {
  yield tree;
  for (const child of tree.children) if (isSupervisor(child)) yield* below(child);
}

/** Start order: as declared, then by address; who is placed nowhere comes last. */
function byPlace({ children }: SupervisorDeclaration): (a: string, b: string) => number {
  const places = new Map(
    children.map((child, index) => {
      if (!('kind' in child)) return [child.id, index] as const;
      return [`${child.kind}/${'key' in child ? child.key : ''}`, index] as const;
    }),
  );
  const placeOf = (id: string): number =>
    places.get(id) ?? places.get(`${id.split('/')[0] ?? ''}/`) ?? children.length;
  return (a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1);
}
