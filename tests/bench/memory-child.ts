/**
 * Prints the heap per actor: ours after its first turn and its window's commit, and XState's own when started. Told
 * `supervised`, the actors are those of an application with a tree whose supervisors run; XState's are then left out.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActor } from 'xstate';
import { formatAddress } from '../../protocol/address.ts';
import { ActorSupervision } from '../../nodes/shards/actor-supervision.ts';
import { supervisor } from '../../supervisors/declaration.ts';
import { Cells } from '../../runtime/cells.ts';
import { Overlay } from '../../runtime/overlay.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LmdbStore } from '../../runtime/store-lmdb.ts';
import { createSystem } from '../../runtime/system.ts';
import { runTurn } from '../../runtime/turn.ts';
import { receiver, TEXT } from './bench-app.ts';
import type { MemoryOfActors } from './memory.ts';

const WINDOW_TURNS = 512;
const message = { type: 'work', run: 'r', expected: -1, text: TEXT } as const;
const count = Number(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-'));
const store = LmdbStore.open(folder, () => {});
const overlay = new Overlay(store);
// What a shard keeps is bounded (`residentActorsPerShard`); here all of them stay.
const isSupervised = process.argv[3] === 'supervised';
const system = createSystem({
  actors: [receiver],
  ...(isSupervised ? { tree: supervisor('receivers', { children: [receiver] }) } : {}),
});
const cells = new Cells(system, overlay, count + 1);
const supervision = new ActorSupervision({
  shard: 'shard-0',
  tree: system.tree,
  residents: () => [...cells.addresses()],
  restart: () => undefined,
  clock: systemClock,
  random: () => 0,
});
if (isSupervised) await supervision.start();

takeTurn(0);
const resident = heapPerActor(() => {
  for (let n = 1; n <= count; n++) takeTurn(n);
  overlay.flush();
});
const kept: unknown[] = [];
const started = isSupervised ? 0 : heapPerActor(startThem);
console.log(JSON.stringify({ resident, started } satisfies MemoryOfActors));
if (cells.size <= count || (!isSupervised && kept.length !== count)) throw new Error('Something was let go.');
if (isSupervised) await supervision.stop();
await store.close();
rmSync(folder, { recursive: true, force: true });

function startThem(): void {
  for (let n = 0; n < count; n++) {
    const actor = createActor(receiver.machine).start();
    actor.send(message);
    kept.push(actor);
  }
}

function takeTurn(n: number): void {
  const cell = cells.load(formatAddress('receiver', `actor-${n}`), n % 64);
  const { definition, machine } = cell.kind;
  overlay.mark();
  const result = runTurn({
    definition,
    machine,
    self: cell.address,
    key: cell.key,
    snapshot: cell.snapshot,
    message,
    nowMs: n,
    sender: undefined,
    messageId: `0.${n}.0`,
    replyTo: undefined,
    rows: cell.rows,
  });
  cells.save(cell, result.snapshot, result.bytes, n);
  if (n % WINDOW_TURNS === 0) overlay.flush();
}

function heapPerActor(make: () => void): number {
  const before = heapBytes();
  make();
  return Math.round((heapBytes() - before) / count);
}

function heapBytes(): number {
  for (let n = 0; n < 3; n++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
