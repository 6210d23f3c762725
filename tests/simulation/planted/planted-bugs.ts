/** Every bug that the simulation must find within 500 seeds. */
import { deliveryBugs } from './bugs/delivery.ts';
import { effectBugs } from './bugs/effects.ts';
import { ownershipBugs } from './bugs/ownership.ts';
import { stateBugs } from './bugs/state.ts';
import type { PlantedBug } from './planted-bug.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...deliveryBugs,
  ...ownershipBugs,
  ...stateBugs,
  ...effectBugs,
];
