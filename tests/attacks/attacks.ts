/**
 * The attacks, as what the attackers do in each cycle. An item's true chance to be good is drawn around its node's
 * quality; an honest node claims just that chance as its confidence.
 */

/** What one node does in one cycle. */
export interface Behaviour {
  /** Mean share of good items. */
  readonly quality: number;
  readonly items: number;
  /** Batches over the hour; each falls into an epoch of its own. */
  readonly batches?: number;
  /** The confidence claimed for an item whose true chance to be good is `chance`. */
  claim?(chance: number): number;
  /** The share of good items that the critic rejects by mistake, if not its usual one. */
  readonly misjudged?: number;
}

export interface CastVote {
  readonly node: string;
  readonly voter: string;
  readonly isGood: boolean;
}

export interface Attack {
  readonly name: string;
  readonly about: string;
  /** Nodes of the attacker beside the honest ones. */
  readonly attackers: number;
  /** In which cycle the attack begins; it is detected after that. */
  readonly beginsAt: number;
  behave(cycle: number, number: number): Behaviour;
  /** How a node of the same true quality would behave without attacking; by default the same without its claims. */
  honestly?(cycle: number, number: number): Behaviour;
  /** Whether attackers repeat each other's items. */
  readonly corroborateEachOther?: boolean;
  /** A node that is no good any more is given up for one with a new name. */
  readonly renameBelow?: number;
  votes?(cycle: number, attackers: readonly string[]): readonly CastVote[];
  /** Who suffers: an honest node. The score of the table is then its own. */
  readonly victim?: string;
}

/** Items of an honest node in one cycle. */
export const ITEMS = 15;
/** Nodes 1 … 10, of quality 0.80 … 0.97. */
export const HONEST: readonly { readonly node: string; readonly quality: number }[] = Array.from(
  { length: 10 },
  (_, i) => ({ node: `honest-${i + 1}`, quality: 0.8 + (0.17 * i) / 9 }),
);
export const CYCLES = 30;

const VICTIM = 'honest-6';
const steady =
  (quality: number, more: Partial<Behaviour> = {}) =>
  (): Behaviour => ({
    quality,
    items: ITEMS,
    ...more,
  });
const sure = (): number => 0.97;

/** Every member votes for every other one so often per cycle. */
const praise =
  (times: number) =>
  (_cycle: number, members: readonly string[]): CastVote[] =>
    repeat(times).flatMap(() =>
      members.flatMap((voter) =>
        members.filter((node) => node !== voter).map((node) => ({ node, voter, isGood: true })),
      ),
    );
/** So many names vote against the victim so often per cycle. */
const slander = (names: number, times: number) => (): CastVote[] =>
  repeat(times).flatMap(() =>
    repeat(names).map((name) => ({ node: VICTIM, voter: `voter-${name}`, isGood: false })),
  );
const repeat = (times: number): number[] => Array.from({ length: times }, (_, i) => i);

export const ATTACKS: readonly Attack[] = [
  {
    name: 'honest',
    about: 'control: one more honest node of quality 0.85',
    attackers: 1,
    beginsAt: 0,
    behave: steady(0.85),
  },
  {
    name: 'unlucky',
    about:
      'control: the same, and in its first cycle the critic wrongly rejects 30 % of its good items (one in a hundred is so unlucky)',
    attackers: 1,
    beginsAt: 0,
    behave: (cycle) => ({ quality: 0.85, items: ITEMS, ...(cycle < 1 ? { misjudged: 0.3 } : {}) }),
    honestly: steady(0.85),
  },
  {
    name: 'inflate',
    about: 'quality 0.5, claims 0.97 for everything',
    attackers: 1,
    beginsAt: 0,
    behave: steady(0.5, { claim: sure }),
  },
  {
    name: 'hedge',
    about: 'quality 0.5, claims 0.97 for what is probably bad and 0.3 for what is probably good',
    attackers: 1,
    beginsAt: 0,
    behave: steady(0.5, { claim: (chance) => (chance < 0.5 ? 0.97 : 0.3) }),
  },
  {
    name: 'flood',
    about: 'quality 0.1, 600 unique items per cycle, some every minute',
    attackers: 1,
    beginsAt: 0,
    behave: steady(0.1, { items: 600, batches: 60 }),
  },
  {
    name: 'quiet ring',
    about:
      '4 nodes of quality 0.3 corroborate all items of each other and vote for each other once per cycle',
    attackers: 4,
    beginsAt: 0,
    behave: steady(0.3),
    corroborateEachOther: true,
    votes: praise(1),
  },
  {
    name: 'loud ring',
    about: 'the same with 40 votes of each for each per cycle',
    attackers: 4,
    beginsAt: 0,
    behave: steady(0.3),
    corroborateEachOther: true,
    votes: praise(40),
  },
  {
    name: 'sleeper',
    about: 'quality 0.95 for 15 cycles, then 0.1, and still claims 0.95',
    attackers: 1,
    beginsAt: 15,
    behave: (cycle) => ({ quality: cycle < 15 ? 0.95 : 0.1, items: ITEMS, claim: () => 0.95 }),
    honestly: steady(0.95),
  },
  {
    name: 'alternate',
    about: 'quality 0.95 for 10 cycles, then 0.05 in every other one; its claims are true',
    attackers: 1,
    beginsAt: 10,
    behave: (cycle) => ({ quality: cycle < 10 || cycle % 2 === 1 ? 0.95 : 0.05, items: ITEMS }),
    honestly: steady(0.95),
  },
  {
    name: 'quiet slander',
    about: '5 names vote against an honest node, once per cycle each',
    attackers: 0,
    beginsAt: 0,
    behave: steady(0),
    votes: slander(5, 1),
    victim: VICTIM,
  },
  {
    name: 'loud slander',
    about: '5 names vote against an honest node, 30 times per cycle each',
    attackers: 0,
    beginsAt: 0,
    behave: steady(0),
    votes: slander(5, 30),
    victim: VICTIM,
  },
  {
    name: 'many names',
    about: '60 names vote against an honest node, once per cycle each',
    attackers: 0,
    beginsAt: 0,
    behave: steady(0),
    votes: slander(60, 1),
    victim: VICTIM,
  },
  {
    name: 'sybil',
    about: '8 nodes of quality 0.2 that take new names as soon as they stand below 0.4',
    attackers: 8,
    beginsAt: 0,
    behave: steady(0.2),
    renameBelow: 0.4,
  },
];
