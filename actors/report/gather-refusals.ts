/** What was refused: how often at which gate for which reason, and the latest cases. */
import { escapeKey } from '../../protocol/address.ts';
import type { NodeReport, Report } from './report-data.ts';
import { number, type Row, type TolerantAsk } from './tolerant-ask.ts';

const LATELY = 20;
/** Nodes that are asked which items intake refused for good, and how many each names. */
const ASKED_NODES = 5;
const ITEMS = 5;

/** Gates of the curator that hold back rather than refuse: what they leave waits for the next version. */
export const HOLDING_GATES: ReadonlySet<string> = new Set(['balance', 'mix']);

export function refusalsOf(intake: Row, phoenix: Row, critic: Row, curator: Row): Report['refused'] {
  const by = (at: string, counts: unknown): Report['refused'] =>
    Object.entries((counts ?? {}) as Record<string, unknown>)
      .map(([reason, count]) => ({ at, reason, count: number(count) }))
      .filter(({ count }) => count > 0);
  const gates = Object.entries((curator['gates'] ?? {}) as Record<string, { refused: number }>)
    // The verdict gate repeats what the critic rejected.
    .filter(([gate]) => gate !== 'verdict' && !HOLDING_GATES.has(gate))
    .map(([gate, { refused }]) => [gate, refused]);
  return [
    ...by('intake', intake['rejectedBy']),
    ...by('feeder', phoenix['refused']),
    ...by('critic', critic['rejectedByLayer']),
    ...by('curator', Object.fromEntries(gates)),
  ];
}

export async function gatherRefusals(
  ask: TolerantAsk,
  nodes: readonly NodeReport[],
): Promise<Report['refusedLately']> {
  const limit = { limit: LATELY };
  const { rejections } = await ask<{
    rejections: readonly { source: string; layer: string; reasons: readonly string[] }[];
  }>('critic/main', 'rejections', limit, { rejections: [] });
  const { refusals } = await ask<{
    refusals: readonly { gate: string; reason: string; artifact: string }[];
  }>('curator/main', 'refusals', limit, { refusals: [] });
  const items = await Promise.all(
    nodes
      .slice(0, ASKED_NODES)
      .flatMap(({ node }) => [
        gatherItems(ask, node, 'rejected', 'intake'),
        gatherItems(ask, node, 'unreadable', 'collector'),
      ]),
  );
  return [
    ...items.flat(),
    ...rejections.map(({ source, layer, reasons }) => ({ at: `critic, ${layer}`, source, reasons })),
    ...refusals
      .filter(({ gate }) => gate !== 'verdict')
      .map(({ gate, reason, artifact }) => ({
        at: `curator, ${gate}`,
        source: `artifact ${artifact.slice(0, 12)}`,
        reasons: [reason],
      })),
  ];
}

async function gatherItems(
  ask: TolerantAsk,
  node: string,
  state: string,
  at: string,
): Promise<Report['refusedLately']> {
  const none: { items: readonly { name: string; reason: string | null }[] } = { items: [] };
  const { items } = await ask(`node/${escapeKey(node)}`, 'files', { state, limit: ITEMS }, none);
  return items.map(({ name, reason }) => ({ at, source: name, reasons: [reason ?? state] }));
}
