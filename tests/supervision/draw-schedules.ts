/** Random schedules, as fast-check draws and shrinks them. */
import fc from 'fast-check';
import type {
  AutoShutdown,
  Schedule,
  ScheduledBackoff,
  ScheduledChild,
  ScheduledSupervisor,
  Strategy,
  Wish,
} from './schedule.ts';

const MAX_DEPTH = 2;
const SIZE = 'max';

const backoffs = fc.oneof(
  { weight: 2, arbitrary: fc.constant<ScheduledBackoff>({ baseMs: 0, maxMs: 0, factor: 1, healthyMs: 0 }) },
  {
    weight: 3,
    arbitrary: fc.record({
      baseMs: fc.constantFrom(10, 30),
      maxMs: fc.constantFrom(30, 100, 1000),
      factor: fc.constantFrom(1, 2, 3),
      healthyMs: fc.constantFrom(0, 20, 100, 300),
    }),
  },
);

const restarts = fc.constantFrom('permanent', 'permanent', 'transient', 'transient', 'temporary');
const starts = fc.constantFrom('ok', 'ok', 'ok', 'ok', 'fail', 'passing', 'ignore', 'slow', 'slow', 'hang');
const firstStart = fc.oneof(
  { weight: 12, arbitrary: fc.constant('ok' as const) },
  { weight: 1, arbitrary: starts },
);
const stops = fc.constantFrom('prompt', 'prompt', 'slow', 'stubborn', 'refuse');

/** A child without ids; whether it may be significant depends on whose it is. */
interface Drawn {
  readonly child: DistributiveOmit<ScheduledChild, 'id' | 'children'>;
  readonly children: readonly Drawn[];
}
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

const workers: fc.Arbitrary<Drawn> = fc
  .record({
    restart: restarts,
    significant: fc.boolean(),
    shutdownMs: fc.constantFrom(0, 40, 200, 200, Number.POSITIVE_INFINITY),
    first: firstStart,
    later: fc.array(starts, { maxLength: 5, size: SIZE }),
    stops: fc.array(stops, { maxLength: 4, size: SIZE }),
  })
  .map(({ first, later, ...facts }) => ({
    child: { type: 'worker' as const, ...facts, starts: [first, ...later] },
    children: [],
  }));

const supervisorFacts = {
  restart: restarts,
  significant: fc.boolean(),
  shutdownMs: fc.constantFrom(0, 100, ...Array.from({ length: 6 }, () => Number.POSITIVE_INFINITY)),
  autoShutdown: fc.constantFrom<AutoShutdown[]>('never', 'never', 'any_significant', 'all_significant'),
  max: fc.constantFrom(0, 1, 2, 3, 4, 5, 1000, 1000, 1000),
  windowMs: fc.constantFrom(50, 200, 1000),
  backoff: backoffs,
};
const strategies = fc.constantFrom<Strategy[]>(
  'one_for_one',
  'one_for_all',
  'rest_for_one',
  'one_for_all',
  'rest_for_one',
  'simple_one_for_one',
);

function supervisors(depth: number, most: number): fc.Arbitrary<Drawn> {
  const below =
    depth < MAX_DEPTH
      ? fc.oneof({ weight: 4, arbitrary: workers }, { weight: 1, arbitrary: supervisors(depth + 1, 3) })
      : workers;
  return fc
    .record({
      ...supervisorFacts,
      strategy: strategies,
      children: fc.array(below, { maxLength: most, size: SIZE }),
    })
    .map(({ children, ...facts }) => ({
      child: { type: 'supervisor' as const, ...facts },
      children: facts.strategy === 'simple_one_for_one' ? [] : children,
    }));
}

const picks = fc.nat({ max: 59 });
const causes = fc.constantFrom('error', 'error', 'error', 'passing', 'killed', 'normal', 'shutdown');
const outcomes = fc.constantFrom('ok', 'ok', 'fail', 'passing', 'ignore');
const gaps = fc.constantFrom(1, 5, 10, 20, 30, 40, 50, 60, 100, 150, 200, 400, 1000);
const rush = fc.oneof(
  { weight: 6, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);
type DrawnWish =
  | Exclude<Wish, { type: 'start' }>
  | { type: 'start'; rush: boolean; pick: number; drawn: Drawn };

const wishes: fc.Arbitrary<DrawnWish> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({ type: fc.constant('exit' as const), rush, pick: picks, cause: causes }),
  },
  {
    weight: 16,
    arbitrary: fc.record({ type: fc.constant('release' as const), rush, pick: picks, outcome: outcomes }),
  },
  {
    weight: 22,
    arbitrary: fc.record({ type: fc.constant('gap' as const), rush: fc.constant(false), ms: gaps }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('start' as const),
      rush,
      pick: picks,
      drawn: fc.oneof({ weight: 5, arbitrary: workers }, { weight: 1, arbitrary: supervisors(MAX_DEPTH, 2) }),
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      type: fc.constantFrom('terminate', 'terminate', 'terminate', 'restart', 'restart', 'delete', 'again'),
      rush,
      pick: picks,
      which: picks,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('stop', 'stop', 'kill'), rush }) },
);

const ends = fc.constantFrom<('stop' | 'kill' | undefined)[]>('stop', 'stop', 'kill', undefined);

export const schedules: fc.Arbitrary<Schedule> = fc
  .record({
    root: supervisors(0, 5),
    wishes: fc.array(wishes, { minLength: 3, maxLength: 30, size: SIZE }),
    end: ends,
  })
  .map(({ root, wishes: drawn, end }) => {
    let added = 0;
    const named = drawn.map((wish): Wish => {
      if (wish.type !== 'start') return wish;
      const { drawn: child, ...rest } = wish;
      added += 1;
      return { ...rest, child: name(child, `x${added}`) };
    });
    const last: Wish[] = [{ type: 'gap', ms: 300, rush: false }];
    const ending: Wish[] = end === undefined ? [] : [{ type: end, rush: false }, ...last];
    return { root: asSupervisor(declared(name(root, 'root'), 'never')), wishes: [...named, ...ending] };
  });

/** Ids tell where a child stands: `rooted` children are a, b, c; those of b are ba, bb. */
function name({ child, children }: Drawn, id: string): ScheduledChild {
  if (child.type === 'worker') return { ...child, id };
  const prefix = id === 'root' ? '' : id;
  const below = children.map((one, index) =>
    declared(name(one, `${prefix}${'abcde'[index] ?? ''}`), child.autoShutdown),
  );
  return { ...child, id, children: below };
}

/** Who is declared must be allowed to be significant; who is added by a call may be refused. */
function declared(child: ScheduledChild, autoShutdown: AutoShutdown): ScheduledChild {
  const may = autoShutdown !== 'never' && child.restart !== 'permanent';
  return { ...child, significant: child.significant && may };
}

function asSupervisor(child: ScheduledChild): ScheduledSupervisor {
  if (child.type !== 'supervisor') throw new Error(`${child.id} is no supervisor`);
  return child;
}
