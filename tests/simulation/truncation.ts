/**
 * A broker that does not sync loses acknowledged entries with its power (rule R9). Whoever has applied one must
 * say so and stop; nobody may go on as if nothing had happened.
 */
import { Draw } from './draw.ts';
import { scenarioOf } from './scenario.ts';
import { World } from './world.ts';

/** Long enough for streams to be opened again, and for processes to be started again. */
const NOTICE_MS = 30_000;

export interface Truncated {
  /** Partitions that had applied a lost entry, whether by the owner's own state or by the checkpoint. */
  readonly concerned: number;
  readonly violations: readonly string[];
}

export async function simulateTruncation(seed: number): Promise<Truncated> {
  const scenario = { ...scenarioOf(seed), faults: [], mailboxBytes: 2 ** 30, skewMs: 0 };
  const world = new World(scenario);
  const draw = new Draw(seed, 'truncation');
  world.begin();
  await pass(world, scenario.durationMs * draw.between(0.3, 1));
  const lost = loseTail(world, draw.whole(1, 30));
  const keepsDisk = draw.chance(0.5);
  const cursors = keepsDisk ? ownCursors(world) : checkpointCursors(world);
  for (const stream of [...world.network.streams]) stream.sever();
  if (!keepsDisk) for (const machine of world.machines) machine.losePower(0);
  await pass(world, NOTICE_MS);
  const violations: string[] = [];
  let concerned = 0;
  for (let id = 0; id < scenario.partitions; id++) {
    const machine = world.machines[world.placement[id] as number];
    const status = machine?.shard?.view.partitionStatus().find((one) => one.id === id);
    const isConcerned = lost.has(cursors.get(id) ?? 0);
    if (isConcerned) concerned++;
    const expected = isConcerned ? 'log.truncated' : 'ready';
    const got = status?.error?.code ?? status?.status;
    // What a client sends meanwhile may be under way.
    if (got !== expected && !(expected === 'ready' && got === 'catching-up'))
      violations.push(
        `truncation: partition ${id} at ${cursors.get(id) ?? 0} is ${got ?? 'with nobody'}, expected ${expected}; lost were ${[...lost].join(' ')}`,
      );
  }
  world.end();
  for (const machine of world.machines) machine.retire();
  return { concerned, violations };
}

async function pass(world: World, ms: number): Promise<void> {
  await world.scheduler.run(world.scheduler.nowMs + ms, () => false);
}

/** The newest entries that are left go, over all partitions. */
function loseTail(world: World, count: number): ReadonlySet<number> {
  const tail = world.history.entries
    .flat()
    .filter(({ place }) => place.kind !== 'claim')
    .sort((a, b) => b.seq - a.seq)
    .slice(0, count);
  for (const { seq } of tail) world.broker.log.delete(seq);
  return new Set(tail.map(({ seq }) => seq));
}

/** How far each owner has come by its own state. */
function ownCursors(world: World): Map<number, number> {
  return new Map(
    world.machines.flatMap(({ shard }) =>
      (shard?.view.partitionStatus() ?? []).map(({ id, cursor }) => [id, cursor?.seq ?? 0] as const),
    ),
  );
}

/** How far each checkpoint has come, which is all that a machine without its disk knows. */
function checkpointCursors(world: World): Map<number, number> {
  return new Map(
    world.history.changes.flatMap((change) =>
      change.what === 'head' ? [[change.head.partition, change.head.cursor?.seq ?? 0] as const] : [],
    ),
  );
}
