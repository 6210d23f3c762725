/** The behaviours in the order in which they run. */
import type { Behaviour } from './behaviour.ts';
import { blackout } from './behaviours/blackout.ts';
import { diversity } from './behaviours/diversity.ts';
import { duplicates } from './behaviours/duplicates.ts';
import { inflation } from './behaviours/inflation.ts';
import { loudDomain } from './behaviours/loud-domain.ts';
import { patterns } from './behaviours/patterns.ts';
import { pumping } from './behaviours/pumping.ts';
import { quota } from './behaviours/quota.ts';
import { restarts } from './behaviours/restarts.ts';
import { stableReads } from './behaviours/stable-reads.ts';

export const BEHAVIOURS: readonly Behaviour[] = [
  duplicates,
  inflation,
  restarts,
  diversity,
  blackout,
  quota,
  pumping,
  loudDomain,
  patterns,
  stableReads,
];
