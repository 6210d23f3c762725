/** The way from what was collected to what stands in the dataset, from the totals of those who count it. */
import { HOLDING_GATES } from './gather-refusals.ts';
import type { FlowLoss, FlowStage } from './report-data.ts';
import { number, type Row } from './tolerant-ask.ts';

interface Stats {
  readonly intake: Row;
  readonly phoenix: Row;
  readonly critic: Row;
  readonly curator: Row;
}

const counts = (value: unknown): [string, number][] =>
  Object.entries((value ?? {}) as Record<string, unknown>).map(([name, count]) => [name, number(count)]);

const refusals = (at: string, value: unknown): FlowLoss[] =>
  counts(value).map(([name, count]) => ({ name: `${at}: ${name}`, count, kind: 'refused' }));

/**
 * Each stage is the sum of the next one and of its losses. The actors are asked one after the other, so what a
 * stage cannot account for is on its way between two of them, and waits.
 */
export function flowOf({ intake, phoenix, critic, curator }: Stats): FlowStage[] {
  // An item that is offered again after a refusal is counted as rejected every time, but collected once.
  const refusedAtIntake = Math.max(0, number(intake['rejected']) - number(intake['retried']));
  const gates = Object.entries((curator['gates'] ?? {}) as Record<string, { refused: number }>)
    .filter(([gate]) => gate !== 'verdict' && !HOLDING_GATES.has(gate))
    .map(([gate, { refused }]) => [gate, refused] as const);
  const published = number(curator['examples']);
  return settle([
    stage('Collected', number(intake['collected']), 'intake has not decided yet', [
      { name: 'known: the same content again', count: number(intake['duplicates']), kind: 'known' },
      { name: 'known: confirmed by another node', count: number(intake['corroborated']), kind: 'known' },
      { name: 'refused by intake', count: refusedAtIntake, kind: 'refused' },
    ]),
    stage('New artifacts', number(intake['accepted']), 'not chosen for a scenario so far', [
      ...refusals('feeder', phoenix['refused']),
    ]),
    stage('Scenarios', number(phoenix['fed']), 'the critic has not decided yet', [
      ...refusals('critic', critic['rejectedByLayer']),
      { name: 'wait for a person', count: number(critic['inReview']), kind: 'waits' },
    ]),
    stage('Accepted by the critic', number(critic['accepted']), 'on their way to the curator', [
      ...gates.map(([gate, count]): FlowLoss => ({ name: `curator: ${gate}`, count, kind: 'refused' })),
      { name: 'wait for the next version', count: number(curator['waiting']), kind: 'waits' },
    ]),
    stage('Examples in the dataset', published, '', []),
  ]);
}

interface OpenStage extends FlowStage {
  /** What is said of those that are neither lost nor in the next stage. */
  readonly otherwise: string;
}

const stage = (name: string, count: number, otherwise: string, losses: FlowLoss[]): OpenStage => ({
  name,
  count,
  otherwise,
  losses: losses.filter((loss) => loss.count > 0),
});

function settle(stages: readonly OpenStage[]): FlowStage[] {
  return stages.map(({ name, count, otherwise, losses }, index) => {
    const next = stages[index + 1]?.count ?? count;
    const rest = count - next - losses.reduce((sum, loss) => sum + loss.count, 0);
    const waits: FlowLoss[] = rest > 0 ? [{ name: otherwise, count: rest, kind: 'waits' }] : [];
    return { name, count, losses: [...losses, ...waits] };
  });
}
