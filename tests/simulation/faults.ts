/**
 * What goes wrong, as data. Swarm testing (A. Groce et al., Swarm testing, ISSTA 2012): each seed draws which
 * kinds it has at all, because some faults hide others.
 */
import type { Draw } from './draw.ts';
import type { Weather } from './network.ts';

interface At {
  readonly atMs: number;
}
interface OnMachine extends At {
  readonly machine: number;
}

export type Fault =
  /** A process dies and a supervisor starts another. `power`: the machine's disk is lost with it. */
  | (OnMachine & { readonly kind: 'crash' | 'power'; readonly downMs: number })
  /** It dies at one of its next calls to a port. */
  | (OnMachine & {
      readonly kind: 'crash-at-call';
      readonly calls: number;
      readonly when: 'before' | 'after';
    })
  | (OnMachine & { readonly kind: 'stop'; readonly graceMs: number; readonly downMs: number })
  | (OnMachine & { readonly kind: 'freeze'; readonly forMs: number })
  | (OnMachine & { readonly kind: 'cut-off'; readonly forMs: number })
  /** Turns end for the environment's reasons: no stack left. */
  | (OnMachine & { readonly kind: 'sick'; readonly forMs: number; readonly rate: number })
  | (OnMachine & { readonly kind: 'streams-silent' | 'streams-severed' })
  | (OnMachine & { readonly kind: 'disk-full' | 'disk-failing'; readonly forMs: number })
  | (OnMachine & { readonly kind: 'clock-step'; readonly byMs: number })
  /** A partition gets another owner: released by the old one before, or taken by force. */
  | (OnMachine & { readonly kind: 'move' | 'seize'; readonly partition: number })
  /** It is stopped and started again with another release of the actors, which turns the same (rule R13). */
  | (OnMachine & { readonly kind: 'upgrade'; readonly graceMs: number })
  /** Two machines both believe to own everything, and take it from each other. */
  | (OnMachine & { readonly kind: 'contend'; readonly times: number; readonly everyMs: number })
  | (At & { readonly kind: 'weather'; readonly forMs: number; readonly weather: Weather })
  /** Streams bring entries twice. */
  | (At & { readonly kind: 'repeats'; readonly forMs: number; readonly rate: number })
  | (At & {
      readonly kind: 'broker-full' | 'broker-leaderless' | 'broker-down';
      readonly forMs: number;
    });

export type FaultKind = Fault['kind'];

export const FAULT_KINDS: readonly FaultKind[] = [
  'crash',
  'power',
  'crash-at-call',
  'stop',
  'freeze',
  'cut-off',
  'sick',
  'streams-silent',
  'streams-severed',
  'disk-full',
  'disk-failing',
  'clock-step',
  'move',
  'seize',
  'contend',
  'upgrade',
  'weather',
  'repeats',
  'broker-full',
  'broker-leaderless',
  'broker-down',
];

export interface Stage {
  readonly machines: number;
  readonly partitions: number;
  readonly durationMs: number;
}

/** A schedule in order of time: some kinds, each a few times. */
export function drawFaults(draw: Draw, stage: Stage): Fault[] {
  const kinds = draw.some(FAULT_KINDS, draw.pick([0.1, 0.25, 0.5]));
  const times = draw.whole(2, 24);
  if (kinds.length === 0) return [];
  let atMs = 0;
  return Array.from({ length: times }, () => {
    // Many come on the heels of another, when its consequences are under way: a process that starts, a claim.
    atMs = draw.chance(0.5) ? atMs + draw.pick(HEELS_MS) + draw.whole(0, 8) : draw.whole(0, stage.durationMs);
    return drawFault(draw, draw.pick(kinds), Math.min(atMs, stage.durationMs), stage);
  }).sort((a, b) => a.atMs - b.atMs);
}

/** A supervisor starts a process after 300 ms; a clean stop, a claim and a load take some milliseconds each. */
const HEELS_MS = [0, 2, 10, 300, 304, 312];

function drawFault(draw: Draw, kind: FaultKind, atMs: number, { machines, partitions }: Stage): Fault {
  const machine = draw.whole(0, machines - 1);
  const forMs = draw.pick([50, 1_000, 6_000, 20_000]);
  const downMs = draw.pick([0, 200, 1_000, 15_000]);
  const place = { atMs, machine };
  switch (kind) {
    case 'crash':
    case 'power':
      return { kind, ...place, downMs };
    case 'crash-at-call':
      return { kind, ...place, calls: draw.whole(1, 60), when: draw.pick(['before', 'after']) };
    case 'stop':
      return { kind, ...place, downMs, graceMs: draw.pick([0, 100, 5_000]) };
    case 'freeze':
    case 'cut-off':
    case 'disk-full':
    case 'disk-failing':
      return { kind, ...place, forMs };
    case 'sick':
      return { kind, ...place, forMs, rate: draw.pick([0.02, 0.3, 1]) };
    case 'streams-silent':
    case 'streams-severed':
      return { kind, ...place };
    case 'clock-step':
      return { kind, ...place, byMs: draw.pick([-60_000, -500, 500, 60_000]) };
    case 'move':
    case 'seize':
      return { kind, ...place, partition: draw.whole(0, partitions - 1) };
    case 'contend':
      return { kind, ...place, times: draw.whole(2, 8), everyMs: draw.pick([5, 100, 2_000]) };
    case 'upgrade':
      return { kind, ...place, graceMs: draw.pick([0, 5_000]) };
    case 'weather':
      return { kind, atMs, forMs, weather: drawWeather(draw) };
    case 'repeats':
      return { kind, atMs, forMs, rate: draw.pick([0.05, 0.5]) };
    case 'broker-full':
    case 'broker-down':
      return { kind, atMs, forMs };
    case 'broker-leaderless':
      return { kind, atMs, forMs: draw.whole(5_000, 8_000) };
  }
}

function drawWeather(draw: Draw): Weather {
  const rate = (): number => (draw.chance(0.5) ? 0 : draw.pick([0.01, 0.1, 0.4]));
  return { lost: rate() / 2, answerLost: rate() / 2, late: rate() / 4, twice: rate() / 2, slow: rate() / 4 };
}
