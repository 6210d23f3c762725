/** Events and dead letters: exactly the expected ids, each with one content, however often it was published. */
import { decode } from '../../../protocol/codec.ts';
import type { Publication } from '../../../runtime/log.ts';
import type { Reference } from '../reference.ts';
import { canonical, type Evidence, few, same } from './judgement.ts';

export function publications(
  { history, published, isSettled }: Evidence,
  references: readonly Reference[],
): string[] {
  const wrong: string[] = [];
  const events = new Map(references.flatMap((reference) => [...reference.events]));
  const deadLetters = new Map(references.flatMap((reference) => [...reference.deadLetters]));
  for (const [id, publication] of published) {
    const event = events.get(id);
    const letter = deadLetters.get(id);
    const body = bodyOf(publication);
    if (publication.subject.startsWith('sim.dead.')) {
      if (letter === undefined) wrong.push(`dead letter ${id} ${describe(body)}: its message did not throw`);
      else if (body['to'] !== null && body['to'] !== letter)
        wrong.push(`dead letter ${id} is for ${canonical(body['to'])}, not ${letter}`);
    } else if (event === undefined)
      wrong.push(`event ${id} on ${publication.subject}: no turn has emitted it`);
    else if (!same(body, event.body))
      wrong.push(`event ${id} is ${canonical(body)}; emitted was ${canonical(event.body)}`);
  }
  if (isSettled) {
    for (const [id, { name }] of events) if (!published.has(id)) wrong.push(`event ${id} ${name} was lost`);
    for (const [id, to] of deadLetters)
      if (!published.has(id)) wrong.push(`dead letter ${id} of ${to} was lost`);
  }
  return few([...wrong, ...differing(history.changes)]);
}

/** Equal ids mean equal contents: consumers keep the first they see. */
function differing(changes: Evidence['history']['changes']): string[] {
  const first = new Map<string, string>();
  const wrong: string[] = [];
  for (const change of changes) {
    if (change.what !== 'publish') continue;
    for (const publication of change.publications) {
      const { stack: _, ...body } = bodyOf(publication);
      const content = `${publication.subject} ${canonical(body)}`;
      const known = first.get(publication.id);
      if (known === undefined) first.set(publication.id, content);
      else if (known !== content) wrong.push(`${publication.id} was ${known} and is now ${content}`);
    }
  }
  return wrong;
}

function bodyOf({ data }: Publication): Record<string, unknown> {
  return decode(data) as Record<string, unknown>;
}

function describe({ to, error }: Record<string, unknown>): string {
  return `to ${String(to)} (${(error as { code: string }).code})`;
}
