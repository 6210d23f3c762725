/**
 * A turn without decoding, in this process: the machine's transition, its actions, the state as bytes and the
 * write into the window, against XState's own `transition()` and a live actor's `send` on the same machine.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createActor, transition } from 'xstate';
import { Overlay } from '../../runtime/overlay.ts';
import { MemoryStore } from '../../runtime/store-memory.ts';
import { Cells } from '../../runtime/cells.ts';
import { checkMessage } from '../../runtime/check-message.ts';
import { createSystem } from '../../runtime/system.ts';
import { runTurn } from '../../runtime/turn.ts';
import { formatAddress } from '../../protocol/address.ts';
import type { Received } from '../../runtime/receive.ts';
import { receiver, TEXT } from './bench-app.ts';
import { type Bench, median, type Measurement, nowUs } from './measurement.ts';

/** Many short runs by turns: a machine that others use slows all ways alike. */
const RUNS = 31;
const TURNS = 4_000;
const WARM_UP_RUNS = 5;
const WINDOW_TURNS = 512;
const ADDRESS = formatAddress('receiver', 'one');
const message = { type: 'work', run: 'r', expected: -1, text: TEXT } as const;

export const turn: Bench = { name: 'turn', run: async () => measure() };

function measure(): Measurement[] {
  const ways = { bare: bareTransition(), send: liveActor(), turn: ourTurn(), checked: ourTurn(true) };
  const collect = garbageCollector();
  const times: Record<keyof typeof ways, number[]> = { bare: [], send: [], turn: [], checked: [] };
  for (let run = -WARM_UP_RUNS; run < RUNS; run++) {
    for (const name of Object.keys(ways) as (keyof typeof ways)[]) {
      // What one way leaves behind is not collected on another's time.
      collect();
      const startUs = nowUs();
      for (let n = 0; n < TURNS; n++) ways[name]();
      if (run >= 0) times[name].push((nowUs() - startUs) / TURNS);
    }
  }
  const against = (
    measured: string,
    ours: 'turn' | 'checked',
    raw: 'bare' | 'send',
    aim?: string,
  ): Measurement => ({
    bench: 'turn',
    measure: measured,
    unit: 'µs',
    value: median(times[ours]),
    raw: median(times[raw]),
    ratio: median(times[ours]) / median(times[raw]),
    ...(aim === undefined ? {} : { aim }),
  });
  return [
    against('turn without decoding, against transition()', 'turn', 'bare', '<= 1.3'),
    against("turn without decoding, against a live actor's send()", 'turn', 'send'),
    against('turn with its message checked, against transition()', 'checked', 'bare'),
  ];
}

/** `gc()` without the flag that would make it a global of every benchmark. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

function bareTransition(): () => void {
  const { machine } = receiver;
  let snapshot = createActor(machine).getSnapshot();
  return () => {
    [snapshot] = transition(machine, snapshot, message);
  };
}

function liveActor(): () => void {
  const actor = createActor(receiver.machine).start();
  return () => actor.send(message);
}

/** As a partition does it, without entry, marks and effects; the store's part of a window is not in it. */
function ourTurn(checked = false): () => void {
  const overlay = new Overlay(new MemoryStore());
  const system = createSystem({ actors: [receiver] });
  const cells = new Cells(system, overlay, 10);
  const cell = cells.load(ADDRESS, 0);
  const { definition, machine } = cell.kind;
  const received = {
    kind: 'tell',
    to: ADDRESS,
    actorKind: 'receiver',
    key: 'one',
    message,
    foreign: false,
  } as unknown as Received;
  let turns = 0;
  return () => {
    overlay.mark();
    const result = runTurn({
      definition,
      machine,
      self: cell.address,
      key: cell.key,
      snapshot: cell.snapshot,
      message: checked ? checkMessage(definition, received) : message,
      nowMs: ++turns,
      sender: undefined,
      messageId: `0.${turns}.0`,
      replyTo: undefined,
      rows: cell.rows,
    });
    cells.save(cell, result.snapshot, result.bytes, turns);
    if (turns % WINDOW_TURNS === 0) overlay.drop();
  };
}
