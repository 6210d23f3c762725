/** Ten senders at once, the node killed again and again: every item is there in the end, and none twice. */
import { identityOf } from '../../../actors/intake/identity.ts';
import type { Behaviour, Stage } from '../behaviour.ts';
import { concurrently } from '../concurrently.ts';
import { type Check, equal, none } from '../evidence.ts';
import type { RunningSystem } from '../running-system.ts';
import { storedEvents } from '../stored-events.ts';
import { callIntake, publishToIntake } from '../submit.ts';
import { type Offer, offerOf } from '../texts.ts';

const ARTIFACTS = 10_000;
const SENDERS = 10;
const KILLS = 4;
const KILLS_QUICK = 2;
const BATCH_ITEMS = 25;
/** Published and not decided yet, by all senders; far below what intake refuses as overload. */
const UNDECIDED_MAX = 2_000;
const ASKS_AT_ONCE = 50;

export interface RestartsObservation {
  readonly kills: number;
  readonly plannedKills: number;
  /** Of every item: its id, who sent it, and who the collection says did. */
  readonly items: readonly {
    readonly id: string;
    readonly node: string;
    readonly foundNode: string | null;
  }[];
  readonly intake: {
    readonly accepted: number;
    readonly duplicates: number;
    readonly pending: number;
    readonly rejectedBy: Readonly<Record<string, number>>;
  };
  readonly coordinator: { readonly offered: number; readonly accepted: number };
  /** Ids of the artifacts of every `artifact-accepted` event. */
  readonly announced: readonly string[];
  readonly deadLetters: readonly string[];
}

export function judgeRestarts(observed: RestartsObservation): Check[] {
  const { items, intake, coordinator, announced } = observed;
  const sent = new Set(items.map(({ id }) => id));
  return [
    equal('times that the node was killed in mid-work', observed.kills, observed.plannedKills),
    none(
      "artifacts that are missing, or are not their sender's",
      items.filter(({ node, foundNode }) => foundNode !== node).map(({ id }) => id.slice(0, 16)),
    ),
    equal('items that intake accepted', intake.accepted, sent.size),
    equal('items that intake took for known ones', intake.duplicates, 0),
    none(
      'items that intake refused',
      Object.entries(intake.rejectedBy).flatMap(([why, count]) => (count > 0 ? [`${count} for ${why}`] : [])),
    ),
    equal('items that intake still holds', intake.pending, 0),
    equal('items that the collection was offered', coordinator.offered, sent.size),
    equal('artifacts that the collection counts', coordinator.accepted, sent.size),
    equal('artifacts that were announced', new Set(announced).size, sent.size),
    equal('announcements in all', announced.length, sent.size),
    none('dead letters', observed.deadLetters),
  ];
}

interface Share {
  readonly node: string;
  readonly items: readonly Offer[];
}

/** Half of the senders call and wait for the decision; the others publish, wait for the log alone, and keep a pace. */
async function sendAll(
  stage: Stage,
  system: RunningSystem,
  shares: readonly Share[],
  onAcknowledged: (items: number) => void,
): Promise<void> {
  const { signal } = stage;
  const { client } = system;
  let sent = 0;
  let decided = 0;
  const acknowledged = (items: number): void => {
    sent += items;
    onAcknowledged(items);
  };
  const room = async (): Promise<void> => {
    if (sent - decided <= UNDECIDED_MAX) return;
    await system.until(async () => {
      decided = (await system.ask<{ accepted: number }>('intake/main', 'stats')).accepted;
      return sent - decided <= UNDECIDED_MAX ? true : undefined;
    });
  };
  await Promise.all(
    shares.map(({ node, items }, at) => {
      const submission = {
        client,
        node,
        items,
        batchItems: BATCH_ITEMS,
        signal,
        onAcknowledged: acknowledged,
      };
      return at % 2 === 0 ? callIntake(submission) : publishToIntake({ ...submission, room });
    }),
  );
}

/** Kills the node each time so many more items were acknowledged, and starts it again at once. */
async function killAt(
  system: RunningSystem,
  moments: readonly number[],
  acknowledged: () => number,
): Promise<number> {
  let kills = 0;
  for (const moment of moments) {
    await system.until(async () => (acknowledged() >= moment ? true : undefined));
    await system.killNode();
    kills++;
    await system.start();
  }
  return kills;
}

async function observe(
  stage: Stage,
  system: RunningSystem,
  plannedKills: number,
): Promise<RestartsObservation> {
  const { random } = stage;
  const each = stage.size(ARTIFACTS) / SENDERS;
  const shares = Array.from({ length: SENDERS }, (_, sender) => ({
    node: `sender-${sender}`,
    items: Array.from({ length: each }, (_item, at) => offerOf(random, sender * each + at)),
  }));
  const total = each * SENDERS;
  // One in each part, at a random place of it; none when everything was acknowledged.
  const moments = Array.from(
    { length: plannedKills },
    (_, kill) => ((kill + 0.2 + 0.6 * random()) * total) / plannedKills,
  );
  let acknowledged = 0;
  stage.progress(`sending ${total} items while the node is killed ${plannedKills} times`);
  const [kills] = await Promise.all([
    killAt(system, moments, () => acknowledged),
    sendAll(stage, system, shares, (items) => (acknowledged += items)),
  ]);
  stage.progress('waiting until everything is decided');
  await system.idle();
  stage.progress('looking for every artifact by its id');
  const sent = shares.flatMap(({ node, items }) =>
    items.map(({ contentType, content }) => ({ node, id: identityOf(contentType, content) })),
  );
  const items = await concurrently(sent, ASKS_AT_ONCE, async ({ node, id }) => {
    const found = await system.ask<{ node: string } | null>('coordinator/main', 'artifact', { id });
    return { id, node, foundNode: found?.node ?? null };
  });
  const accepted = { kind: 'coordinator', key: 'main', name: 'artifact-accepted' };
  const events = await storedEvents<{ id: string }>(system.client, accepted);
  return {
    kills,
    plannedKills,
    items,
    intake: await system.ask('intake/main', 'stats'),
    coordinator: await system.ask('coordinator/main', 'stats'),
    announced: events.map(({ payload }) => payload.id),
    deadLetters: await system.deadLetters(),
  };
}

export const restarts: Behaviour = {
  name: 'restarts',
  promise:
    'With ten senders at once and a node that is killed in mid-work, no artifact is missing and none is doubled',
  async run(stage) {
    const kills = stage.size(KILLS, KILLS_QUICK);
    const system = await stage.start();
    const observed = await observe(stage, system, kills);
    return {
      sent: [
        `${observed.items.length} different items by ${SENDERS} nodes at once in messages of ${BATCH_ITEMS}, half as calls, half published; what was not acknowledged was sent again`,
        `${observed.kills} times SIGKILL to the node in between, and a start after each`,
      ],
      settings: {},
      checks: judgeRestarts(observed),
    };
  },
};
