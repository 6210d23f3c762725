/** Nothing is trimmed that a head does not hold (rule R10): whoever loads the head finds everything behind it. */
import { type Checker, few } from './judgement.ts';

export const trimming: Checker = ({ history }) => {
  const cursors = new Map<number, number>();
  const wrong: string[] = [];
  for (const change of history.changes) {
    if (change.what === 'head') cursors.set(change.head.partition, change.head.cursor?.seq ?? 0);
    if (change.what !== 'trim') continue;
    const cursor = cursors.get(change.partition) ?? 0;
    if (change.before > cursor)
      wrong.push(
        `${change.owner} trims partition ${change.partition} before ${change.before}; its head is at ${cursor}`,
      );
  }
  return few(wrong);
};
