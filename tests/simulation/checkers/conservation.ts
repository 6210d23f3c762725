/** Money is neither made nor lost, whoever counts it: the shards' own answers, without any model. */
import { decode, decodeBody } from '../../../protocol/codec.ts';
import { balanceOf } from '../workloads/bank.ts';
import type { Checker } from './judgement.ts';

interface Booking {
  readonly type: string;
  readonly id: string;
  readonly amount: number;
}

export const conservation: Checker = function* ({ answers, history, published, isSettled }) {
  if (!isSettled) return;
  // A verdict may have skipped what would have moved some.
  const skipped = [...published.values()].flatMap(({ subject, data }) => {
    const { message } = subject.startsWith('sim.dead.account.') ? (decode(data) as { message?: object }) : {};
    return message === undefined ? [] : [message as unknown as Booking];
  });
  const undelivered = skipped
    .filter(({ type }) => type === 'credit')
    .reduce((sum, { amount }) => sum + amount, 0);
  const deposited = new Map<string, number>();
  for (const entry of history.entries.flat()) {
    if (entry.place.kind !== 'message' || entry.place.actorKind !== 'account') continue;
    const message = decodeBody(entry.data, undefined) as unknown as Booking;
    // A deposit that was stored twice counts once.
    if (message.type === 'deposit') deposited.set(message.id, message.amount);
  }
  for (const { type, id } of skipped) if (type === 'deposit') deposited.delete(id);
  const expected = [...deposited.values()].reduce((sum, amount) => sum + amount, 0);
  for (const when of ['settled', 'reloaded'] as const) {
    const accounts = answers.filter(
      (answer) => answer.when === when && answer.address.startsWith('account/'),
    );
    const total = accounts.reduce((sum, { value }) => sum + balanceOf(value), 0);
    if (accounts.length > 0 && total + undelivered !== expected)
      yield `${when}: the accounts hold ${total}, ${undelivered} are undelivered; deposited was ${expected}`;
  }
};
