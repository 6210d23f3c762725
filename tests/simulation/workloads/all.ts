/** Every workload. */
import type { Workload } from '../workload.ts';
import { bank } from './bank.ts';
import { large } from './large.ts';
import { lists } from './lists.ts';
import { standing } from './standing.ts';
import { timersTasks } from './timers-tasks.ts';
import { watches } from './watches.ts';

export const WORKLOADS: readonly Workload[] = [bank, lists, timersTasks, standing, large, watches];

/** The models of all kinds. */
export const MODELS = Object.assign({}, ...WORKLOADS.map(({ models }) => models)) as Workload['models'];
