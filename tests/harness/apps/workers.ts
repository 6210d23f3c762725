/** Counters, guards, and the workers that the variable TEST_WORKERS describes. */
import { createSystem, supervisor, worker } from '../../../nodes/library.ts';
import { createCounting } from './counting.ts';
import watching from './watching.ts';

export interface DescribedWorkers {
  readonly strategy?: 'one_for_one' | 'one_for_all' | 'rest_for_one';
  readonly max?: number;
  readonly workers: readonly {
    readonly id: string;
    readonly module?: string;
    readonly behaviour?: string;
    readonly once?: string;
    readonly marks?: string;
    readonly restart?: 'permanent' | 'transient' | 'temporary';
    readonly shutdownMs?: number;
    readonly answerMs?: number;
  }[];
}

/** A function: each start of a node reads the variable anew. */
export default () => {
  const described = JSON.parse(process.env['TEST_WORKERS'] ?? '{"workers":[]}') as DescribedWorkers;
  const kinds = [...createCounting({ fixed: true }).kinds.values(), ...watching.kinds.values()];
  const actors = kinds.map(({ definition }) => definition);
  const workers = described.workers.map(({ id, module, behaviour, once, marks, ...options }) =>
    worker(id, {
      module: module ?? new URL('./behaving-worker.ts', import.meta.url),
      env: { BEHAVIOUR: behaviour ?? 'work', ...(once && { ONCE: once }), ...(marks && { MARKS: marks }) },
      ...options,
    }),
  );
  const { strategy = 'one_for_one', max = 3 } = described;
  const heavy = supervisor('heavy', { strategy, intensity: { max, windowMs: 60_000 }, children: workers });
  return createSystem({ actors, tree: supervisor('app', { children: [...actors, heavy] }) });
};
