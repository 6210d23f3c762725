/**
 * What was acknowledged takes effect exactly once: messages from outside, and what actors send each other. What
 * nobody sent takes none.
 */
import { decodeFrame } from '../../../protocol/frame.ts';
import type { Reference } from '../reference.ts';
import { canonical, type Evidence, few } from './judgement.ts';

export function exactlyOnce({ history, isSettled }: Evidence, references: readonly Reference[]): string[] {
  const wrong: string[] = [];
  const applied = new Map<string, number>();
  for (const reference of references)
    for (const [id, times] of reference.appliedFromOutside) applied.set(id, (applied.get(id) ?? 0) + times);
  const intended = new Set(history.intended.map(({ id }) => id));
  for (const { id, seq } of history.intended) {
    const times = applied.get(id) ?? 0;
    if (times > 1) wrong.push(`${id} took effect ${times} times`);
    if (times === 0 && seq !== undefined)
      wrong.push(`${id} was acknowledged as entry ${seq} and is not there`);
  }
  for (const id of applied.keys()) if (!intended.has(id)) wrong.push(`${id} took effect and nobody sent it`);
  wrong.push(...betweenActors(history.entries.flat(), references, isSettled));
  return few(wrong);
}

function betweenActors(
  entries: Evidence['history']['entries'][number],
  references: readonly Reference[],
  isSettled: boolean,
): string[] {
  const wrong: string[] = [];
  const told = new Map(references.flatMap((reference) => [...reference.told]));
  const applied = new Set(references.flatMap((reference) => [...reference.applied]));
  for (const entry of entries) {
    if (entry.place.kind !== 'frame') continue;
    for (const { from, to, message } of decodeFrame(entry.data)) {
      if (from === undefined) continue;
      const number = `${from.partition}:${from.number.join('.')}`;
      const sent = told.get(number);
      if (sent === undefined)
        wrong.push(`entry ${entry.seq} holds ${number} to ${to}, which no turn has sent`);
      else if (sent.to !== to || !holds(message, sent.message))
        wrong.push(
          `entry ${entry.seq} holds ${number} to ${to} ${canonical(message)}; sent was ${sent.to} ${canonical(sent.message)}`,
        );
    }
  }
  if (isSettled)
    for (const [number, { to }] of told) if (!applied.has(number)) wrong.push(`${number} to ${to} was lost`);
  return wrong;
}

/** Orders carry more than their model says, and reasons. */
function holds(message: object, sent: object): boolean {
  const { type } = sent as { type?: string };
  if (type === 'resume') return (message as { type?: string }).type === 'resume';
  return canonical(type === 'down' ? kindOfReason(message) : message) === canonical(sent);
}

function kindOfReason(message: object): object {
  const { reason, ...rest } = message as { reason?: { kind?: string } };
  return { ...rest, reason: { kind: reason?.kind } };
}
