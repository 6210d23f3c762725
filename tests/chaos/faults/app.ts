/** What the nodes under faults run: the simulator's actors, and those that run away. */
import { createSystem } from '../../../runtime/system.ts';
import { WORKLOADS } from '../../simulation/workloads/all.ts';
import { runaways } from './runaways.ts';

export default createSystem({ actors: [...WORKLOADS, runaways].flatMap(({ actors }) => actors) });
