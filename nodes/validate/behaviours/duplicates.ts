/**
 * Poisoning with near-identical payloads: whatever differs anywhere is an artifact of its own and stays readable,
 * whatever is the same is none, and near duplicates are linked to the first and not fed twice.
 */
import { identityOf } from '../../../actors/intake/identity.ts';
import type { Behaviour, Stage } from '../behaviour.ts';
import { concurrently } from '../concurrently.ts';
import { type Check, equal, none, within } from '../evidence.ts';
import type { RunningSystem } from '../running-system.ts';
import { storedEvents } from '../stored-events.ts';
import { callIntake, NOTHING, plus, type Tally } from '../submit.ts';
import { type Offer, offerOf, textOf } from '../texts.ts';

const PAYLOADS = 2_000;
const SENDERS = 5;
const ASKS_AT_ONCE = 50;
/** Long enough that a changed character, or a short line, leaves more than 0.9 of it alike. */
const BASE_SENTENCES = 20;
const ROUND_MS = 500;
/** Similarity is estimated from samples: one in a hundred may be taken for less alike than it is. */
const LINKED_SHARE = 0.99;
const SIMILARITY_MIN = 0.9;

/** What the collection says of one artifact. */
interface ArtifactReply {
  readonly feeding: string;
  /** Absent in a build that does not link near duplicates. */
  readonly nearDuplicateOf?: { readonly id: string; readonly similarity: number } | null;
}

export interface DuplicatesObservation {
  /** Ids of the different payloads. */
  readonly ids: readonly string[];
  readonly first: Tally;
  readonly repeated: Tally;
  readonly echoed: Tally;
  readonly stats: { readonly accepted: number; readonly nearDuplicates?: number };
  /** The content that intake holds, as found by each id, beside what was sent. */
  readonly contents: readonly { readonly id: string; readonly sent: string; readonly held: string | null }[];
  readonly artifacts: ReadonlyMap<string, ArtifactReply | null>;
  readonly fed: ReadonlySet<string>;
}

export function judgeDuplicates(observed: DuplicatesObservation): Check[] {
  const { ids, first, repeated, echoed, stats, contents, artifacts } = observed;
  const different = new Set(ids).size;
  return [
    equal('different payloads that were accepted', first.accepted, different),
    equal('artifacts that the collection counts', stats.accepted, different),
    equal('exact repeats of the same node that were duplicates', repeated.duplicates, ids.length),
    equal('exact repeats of another node that corroborated', echoed.corroborated, ids.length),
    equal('repeats that became artifacts', repeated.accepted + echoed.accepted, 0),
    none(
      'payloads that are not read back as they were sent',
      contents
        .filter(({ id, sent, held }) => held !== sent || identityOf('text', held) !== id)
        .map(({ id }) => id.slice(0, 16)),
    ),
    none(
      'payloads that the collection does not hold',
      ids.filter((id) => (artifacts.get(id) ?? null) === null).map((id) => id.slice(0, 16)),
    ),
    ...judgeNearDuplicates(observed),
  ];
}

/** All payloads of a family are alike: each but the first has to name one that came before it. */
function judgeNearDuplicates({ ids, stats, artifacts, fed }: DuplicatesObservation): Check[] {
  const replies = ids.flatMap((id) => {
    const reply = artifacts.get(id);
    return reply === undefined || reply === null ? [] : [{ id, ...reply }];
  });
  if (replies.every(({ nearDuplicateOf }) => nearDuplicateOf === undefined)) {
    const claim = 'near duplicates are linked to the first';
    return [{ claim, expected: 'links', observed: 'this build links no near duplicates', holds: false }];
  }
  const linked = replies.flatMap(({ id, nearDuplicateOf: link }) =>
    link ? [{ id, first: link.id, similarity: link.similarity }] : [],
  );
  const isFirst = (id: string): boolean => ids.includes(id) && !artifacts.get(id)?.nearDuplicateOf;
  return [
    within(
      'near duplicates that are linked',
      linked.length,
      Math.floor(ids.length * LINKED_SHARE) - 1,
      ids.length - 1,
    ),
    equal('near duplicates that the collection counts', stats.nearDuplicates ?? 0, linked.length),
    none(
      'links to anything but the first of its kind, or below the similarity',
      linked
        .filter(({ first, similarity }) => !isFirst(first) || similarity < SIMILARITY_MIN)
        .map(({ id, similarity }) => `${id.slice(0, 16)} (${similarity})`),
    ),
    none(
      'near duplicates that were fed',
      linked.map(({ id }) => id).filter((id) => fed.has(id)),
    ),
  ];
}

/** Half of them differ in one character, half in one line; the first is the text that all of them vary. */
function payloads(stage: Stage): Offer[] {
  const { random } = stage;
  const base = textOf(random, undefined, BASE_SENTENCES).split('. ').join('.\n');
  const count = stage.size(PAYLOADS, 100);
  const lines = base.split('\n');
  return Array.from({ length: count }, (_, serial) => {
    const offer = offerOf(random, serial);
    if (serial === 0) return { ...offer, content: base };
    return {
      ...offer,
      content: serial % 2 === 0 ? changedCharacter(base, serial) : changedLine(lines, serial),
    };
  });
}

/** Puts a character that the text has nowhere in the place of one letter: the place and the character are its own. */
function changedCharacter(base: string, serial: number): string {
  const letters = [...base.matchAll(/[a-z]/g)].map(({ index }) => index);
  const place = letters[serial % letters.length] ?? 0;
  const character = String.fromCodePoint(0x4e00 + Math.floor(serial / letters.length));
  return base.slice(0, place) + character + base.slice(place + 1);
}

function changedLine(lines: readonly string[], serial: number): string {
  const at = serial % lines.length;
  return [...lines.slice(0, at), `Line ${serial}.`, ...lines.slice(at)].join('\n');
}

async function observe(stage: Stage, system: RunningSystem): Promise<DuplicatesObservation> {
  const { signal } = stage;
  const items = payloads(stage);
  const shares = Array.from({ length: SENDERS }, (_, sender) =>
    items.filter((_item, at) => at % SENDERS === sender),
  );
  const offer = async (name: string, nodeOf: (sender: number) => string, source: string): Promise<Tally> => {
    const tallies = await Promise.all(
      shares.map((share, sender) =>
        callIntake({
          client: system.client,
          node: nodeOf(sender),
          name,
          items: share.map((item) => ({ ...item, source: `${source}:${item.source}` })),
          signal,
        }),
      ),
    );
    return tallies.reduce(plus, NOTHING);
  };
  stage.progress('offering payloads that are nearly the same');
  const first = await offer('first', (sender) => `poisoner-${sender}`, 'first');
  stage.progress('repeating every one of them');
  const repeated = await offer('again', (sender) => `poisoner-${sender}`, 'again');
  const echoed = await offer('echo', (sender) => `echo-${sender}`, 'echo');
  stage.progress('waiting until everything is decided and fed');
  await system.idle();
  stage.progress('reading every payload back');
  const ids = items.map(({ contentType, content }) => identityOf(contentType, content));
  const contents = await concurrently(items, ASKS_AT_ONCE, async ({ content }, at) => {
    const id = ids[at] ?? '';
    const row = await system.ask<{ content: string | null } | null>('intake/main', 'content', { id });
    return { id, sent: content, held: row?.content ?? null };
  });
  const replies = await concurrently(ids, ASKS_AT_ONCE, (id) =>
    system.ask<ArtifactReply | null>('coordinator/main', 'artifact', { id }),
  );
  const events = { kind: 'phoenix', key: 'main', name: 'scenario-fed' };
  const fed = await storedEvents<{ artifact: string }>(system.client, events);
  return {
    ids,
    first,
    repeated,
    echoed,
    stats: await system.ask('coordinator/main', 'stats'),
    contents,
    artifacts: new Map(ids.map((id, at) => [id, replies[at] ?? null])),
    fed: new Set(fed.map(({ payload }) => payload.artifact)),
  };
}

export const duplicates: Behaviour = {
  name: 'duplicates',
  promise: 'Poisoning with nearly identical payloads loses nothing and multiplies nothing',
  async run(stage) {
    const settings = { 'pipeline.phoenix.roundMs': ROUND_MS };
    const system = await stage.start(settings);
    const observed = await observe(stage, system);
    return {
      sent: [
        `${observed.ids.length} payloads that differ from one text in one character or one line, by ${SENDERS} nodes`,
        'each of them again by the same node, and once more by another node',
      ],
      settings,
      checks: judgeDuplicates(observed),
    };
  },
};
