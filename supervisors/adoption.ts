/**
 * Children that were up before their supervisor heard of them. A shard has more durable actors in memory than any
 * supervisor should keep accounts of, and an idle one needs none: those who share the fate of one that fails are
 * adopted when it does, and forgotten with the next such occasion.
 */
import { OrderedMap } from 'immutable';
import { backoff } from './backoff.ts';
import type { Draft } from './draft.ts';
import { type Adoption, type ChildState, newChild } from './supervisor-state.ts';

/** Takes running children in, in their place among the others. */
export function adopt(draft: Draft, { children, order }: Adoption): void {
  const { state } = draft;
  const account = backoff(state.backoff);
  const named = new Set(children.map(({ id }) => id));
  const forgotten = state.children.filter(
    (child) => child.adopted && child.status === 'running' && !named.has(child.id) && state.lanes.isEmpty(),
  );
  for (const id of forgotten.keys()) draft.actions.push({ type: 'forget', id });
  const known = state.children.deleteAll(forgotten.keys());
  const all = new Map<string, ChildState>(known);
  for (const facts of children) {
    if (known.has(facts.id)) continue;
    const child = { ...newChild(facts, account), status: 'running', incarnation: 1, adopted: true } as const;
    all.set(facts.id, child);
    draft.actions.push({ type: 'adopt', id: facts.id });
  }
  const ordered = [...order.filter((id) => all.has(id)), ...all.keys()];
  const inOrder = OrderedMap(ordered.map((id) => [id, all.get(id) as ChildState]));
  draft.state = { ...state, children: inOrder };
}
