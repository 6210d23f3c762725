/** The nodes that reported most, what each is trusted with, and how that came about. */
import { escapeKey } from '../../protocol/address.ts';
import type { ReputationChange } from '../reputation/reputation.ts';
import type { NodeReport } from './report-data.ts';
import { number, type Row, type TolerantAsk } from './tolerant-ask.ts';

const NODES = 50;
/** Nodes whose course is shown; of the others only the latest changes. */
const COURSES = 8;
const COURSE_CHANGES = 100;
const CHANGES = 5;

interface NodeAnswer {
  readonly node: string;
  readonly reputation: number;
  readonly artifacts: number;
}

export async function gatherNodes(ask: TolerantAsk, coordinator: string): Promise<NodeReport[]> {
  const none: { readonly nodes: readonly NodeAnswer[] } = { nodes: [] };
  const { nodes } = await ask(coordinator, 'nodes', { limit: NODES }, none);
  return Promise.all(nodes.map((node, index) => gatherNode(ask, node, index < COURSES)));
}

async function gatherNode(ask: TolerantAsk, answer: NodeAnswer, withCourse: boolean): Promise<NodeReport> {
  const address = `reputation/${escapeKey(answer.node)}`;
  const score = await ask<Row>(address, 'score', {}, { score: answer.reputation });
  const none: { readonly changes: readonly ReputationChange[] } = { changes: [] };
  const limit = withCourse ? COURSE_CHANGES : CHANGES;
  const { changes } = await ask(address, 'history', { limit }, none);
  return {
    node: answer.node,
    artifacts: answer.artifacts,
    reputation: number(score['score']),
    good: number(score['good']),
    bad: number(score['bad']),
    unconfirmed: number(score['unconfirmed']),
    effective: typeof score['effective'] === 'number' ? score['effective'] : null,
    remarks: [...remarksOf('calibration', score['calibration']), ...remarksOf('flag', score['flags'])],
    changes: changes.slice(0, CHANGES),
    course: withCourse ? courseOf(changes) : [],
  };
}

function courseOf(changes: readonly ReputationChange[]): NodeReport['course'] {
  const oldest = changes.at(-1);
  if (oldest === undefined) return [];
  const points = changes.map(({ at, after }) => ({ at, score: after })).toReversed();
  return [{ at: oldest.at, score: oldest.before }, ...points];
}

const REMARKS = 5;

/** What a newer reputation may tell of a node, whatever its shape: one line for each thing it says. */
function remarksOf(name: string, value: unknown): string[] {
  const values = Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];
  return values
    .filter((one) => one !== null && one !== false && one !== '')
    .slice(0, REMARKS)
    .map((one) => `${name}: ${inWords(one)}`);
}

function inWords(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1_000) / 1_000);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .filter(([, part]) => ['string', 'number', 'boolean'].includes(typeof part))
    .map(([name, part]) => `${name} ${inWords(part)}`)
    .join(', ');
}
