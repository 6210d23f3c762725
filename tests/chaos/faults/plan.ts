/**
 * What one run does, drawn from its seed. Faults of the node and of the broker run beside each other, each target
 * one fault after the other. How far the processes are when one strikes is the machine's.
 */
import { Draw } from '../../simulation/draw.ts';
import { FAULT_NAMES, type FaultName, kindOf, type Requirement } from './fault-kinds.ts';

export interface PlannedFault {
  readonly name: FaultName;
  /** After the one before. */
  readonly afterMs: number;
  /** A rush of messages comes so long before. */
  readonly rushedMs: number;
  readonly lastsMs: number;
  /** For what else the fault has to draw. */
  readonly seed: number;
}

export interface Plan {
  readonly seed: number;
  readonly partitions: number;
  readonly shards: number;
  readonly clients: number;
  readonly messages: number;
  /** How long clients send. */
  readonly durationMs: number;
  readonly node: readonly PlannedFault[];
  readonly broker: readonly PlannedFault[];
}

const MIN_MS = 4_000;
const NODE_FAULTS = [2, 4] as const;
const BROKER_FAULTS = [0, 3] as const;

export interface PlanOptions {
  /** All faults are of this kind. */
  readonly only?: FaultName;
  /** How many then. */
  readonly faults?: number;
}

export function planOf(seed: number, { only, faults: count = 4 }: PlanOptions = {}): Plan {
  const draw = new Draw(seed, 'real faults');
  const faults = (target: 'node' | 'broker'): PlannedFault[] => {
    if (only !== undefined)
      return kindOf(only).target === target
        ? Array.from({ length: count }, () => plannedFault(draw, only))
        : [];
    const [low, high] = target === 'node' ? NODE_FAULTS : BROKER_FAULTS;
    return Array.from({ length: draw.whole(low, high) }, () => plannedFault(draw, drawName(draw, target)));
  };
  const node = faults('node');
  const broker = faults('broker');
  return {
    seed,
    partitions: draw.pick([4, 8, 16]),
    shards: draw.whole(1, 2),
    clients: draw.whole(2, 4),
    messages: draw.whole(200, 900),
    durationMs: Math.max(MIN_MS, lengthOf(node), lengthOf(broker)),
    node,
    broker,
  };
}

export function requirementsOf({ node, broker }: Plan): Set<Requirement> {
  return new Set([...node, ...broker].flatMap(({ name }) => kindOf(name).requires ?? []));
}

/** About: faults must meet traffic, and all of it some faults. */
function lengthOf(faults: readonly PlannedFault[]): number {
  return faults.reduce((sum, { name, afterMs, lastsMs }) => sum + afterMs + lastsMs + kindOf(name).costMs, 0);
}

function plannedFault(draw: Draw, name: FaultName): PlannedFault {
  const [low, high] = kindOf(name).lastsMs;
  return {
    name,
    afterMs: draw.whole(50, 2_500),
    rushedMs: Math.floor(draw.next() ** 2 * 150),
    lastsMs: draw.whole(low, high),
    seed: draw.whole(0, 2 ** 31),
  };
}

function drawName(draw: Draw, target: 'node' | 'broker'): FaultName {
  const names = FAULT_NAMES.filter((name) => kindOf(name).target === target);
  const total = names.reduce((sum, name) => sum + kindOf(name).weight, 0);
  let dice = draw.next() * total;
  return names.find((name) => (dice -= kindOf(name).weight) < 0) as FaultName;
}
