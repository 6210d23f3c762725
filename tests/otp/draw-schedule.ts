/** A random schedule from a seed. */
import { Draw } from '../simulation/draw.ts';
import {
  type Schedule,
  type ScheduledChild,
  type ScheduledSupervisor,
  type ScheduledWorker,
  type Step,
  HELD,
  UNLIMITED,
  childrenById,
} from './schedule.ts';

const MAX_DEPTH = 2;
const REASONS = ['error', 'error', 'error', 'killed', 'normal', 'shutdown', 'shutdown_x'] as const;

/** The same seed gives the same schedule. */
export function drawSchedule(seed: number): Schedule {
  const draw = new Draw(seed, 'otp');
  const trees = new TreeDraw(draw, draw.chance(0.65));
  const root = trees.supervisor('root', 0);
  return { seed, root, steps: drawSteps(draw, trees, root) };
}

class TreeDraw {
  readonly #draw: Draw;
  /** Whether starts and stops may take until a step releases them. */
  readonly #slow: boolean;

  constructor(draw: Draw, slow: boolean) {
    this.#draw = draw;
    this.#slow = slow;
  }

  supervisor(id: string, depth: number, above?: ScheduledSupervisor): ScheduledSupervisor {
    const draw = this.#draw;
    const strategy = draw.pick([
      'one_for_one',
      'one_for_one',
      'one_for_all',
      'one_for_all',
      'rest_for_one',
      'rest_for_one',
      'simple_one_for_one',
    ] as const);
    const group = strategy === 'one_for_all' || strategy === 'rest_for_one';
    // Where children are independent, only what is never given up can be compared while one of them is slow.
    const endless = draw.chance(group ? 0.3 : this.#slow ? 0.7 : 0.3);
    const empty: ScheduledSupervisor = {
      id,
      type: 'supervisor',
      depth,
      ...this.#restartOf(above),
      strategy,
      intensity: endless ? UNLIMITED : draw.pick([0, 1, 2, 3, 3, 4, 4]),
      autoShutdown: endless
        ? 'never'
        : draw.pick(['never', 'never', 'never', 'any_significant', 'all_significant'] as const),
      children: [],
    };
    if (strategy === 'simple_one_for_one') {
      return { ...empty, template: { ...this.#restartOf(empty), shutdown: this.#shutdown() } };
    }
    const count = depth === 0 ? draw.pick([0, 1, 2, 2, 3, 3, 4, 4, 5, 5]) : draw.whole(0, 3);
    const children = Array.from({ length: count }, (_, index) =>
      this.child(`${depth === 0 ? '' : id}${'abcde'[index] ?? ''}`, empty, 0.22),
    );
    return { ...empty, children };
  }

  child(id: string, above: ScheduledSupervisor, nesting: number): ScheduledChild {
    // A template's children are workers: nested supervisors that stop at the same time do so in no order.
    const nested = above.template === undefined && above.depth < MAX_DEPTH && this.#draw.chance(nesting);
    return nested ? this.supervisor(id, above.depth + 1, above) : this.#worker(id, above);
  }

  #worker(id: string, above: ScheduledSupervisor): ScheduledWorker {
    const draw = this.#draw;
    const facts = above.template ?? { ...this.#restartOf(above), shutdown: this.#shutdown() };
    const fails = draw.chance(0.3) ? 0.5 : 0.12;
    const starts = Array.from({ length: draw.whole(0, 6) }, (_, index) => {
      if (this.#slow && draw.chance(index === 0 ? 0.15 : 0.4)) return 'slow';
      if (draw.chance(index === 0 ? 0.02 : fails)) return 'fail';
      // OTP keeps a template's child whose restart is ignored, as one without a process.
      const mayIgnore = index === 0 || above.template === undefined;
      return mayIgnore && draw.chance(0.05) ? 'ignore' : 'ok';
    });
    const mayBeSlow = this.#slow && (facts.shutdown === 'long' || facts.shutdown === 'infinity');
    const stops = Array.from({ length: mayBeSlow ? draw.whole(0, 5) : 0 }, () =>
      draw.chance(0.35) ? ('slow' as const) : ('prompt' as const),
    );
    return { id, type: 'worker', ...facts, starts, stops };
  }

  #restartOf(above: ScheduledSupervisor | undefined): Pick<ScheduledWorker, 'restart' | 'significant'> {
    const auto = above !== undefined && above.autoShutdown !== 'never';
    const restart = this.#draw.pick([
      'permanent',
      auto ? 'transient' : 'permanent',
      'transient',
      'transient',
      'temporary',
    ] as const);
    return { restart, significant: auto && restart !== 'permanent' && this.#draw.chance(0.6) };
  }

  #shutdown(): ScheduledWorker['shutdown'] {
    // The oracle waits real milliseconds for each that is stubborn.
    if (this.#draw.chance(0.06)) return 'stubborn';
    return this.#draw.pick(['brutal', 'long', 'long', 'infinity'] as const);
  }
}

function drawSteps(draw: Draw, trees: TreeDraw, root: ScheduledSupervisor): Step[] {
  const steps: Step[] = [];
  let added = 0;
  const step = (): Step => {
    const kind = draw.next();
    if (kind < 0.42) return { type: 'exit', pick: draw.whole(0, 59), reason: draw.pick(REASONS) };
    if (kind < 0.65) {
      return { type: 'release', pick: draw.whole(0, 59), outcome: draw.chance(0.6) ? 'ok' : 'fail' };
    }
    if (kind < 0.67) return { type: 'stop' };
    if (kind < 0.74) return { type: 'stop_after_failure' };
    const known = childrenById({ seed: 0, root, steps });
    const supervisors = [...known.values()].filter((one) => one.type === 'supervisor');
    const supervisor = draw.chance(0.5) ? root : draw.pick(supervisors);
    const below = childrenOf(supervisor, steps);
    if (kind < 0.81 || below.length === 0) {
      const again = supervisor.template === undefined && below.length > 0 && draw.chance(0.35);
      const child = again ? draw.pick(below) : trees.child(`x${++added}`, supervisor, 0.1);
      return { type: 'start_child', supervisor: supervisor.id, child };
    }
    const type = draw.pick([
      'terminate_child',
      'terminate_child',
      'restart_child',
      'restart_child',
      'delete_child',
    ] as const);
    if (draw.chance(0.3)) return { type, supervisor: HELD, id: HELD };
    const id = draw.chance(0.05) ? 'nobody' : draw.pick(below).id;
    return { type, supervisor: supervisor.id, id };
  };
  for (let left = draw.whole(4, 20); left > 0; left--) steps.push(step());
  return steps;
}

/** Those that a supervisor has, or has been given, by then. */
function childrenOf(supervisor: ScheduledSupervisor, steps: readonly Step[]): ScheduledChild[] {
  const children = new Map(supervisor.children.map((child) => [child.id, child]));
  for (const step of steps) {
    if (step.type === 'start_child' && step.supervisor === supervisor.id) {
      children.set(step.child.id, step.child);
    }
  }
  return [...children.values()];
}
