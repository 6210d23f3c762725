/** Whoever answers has read everything that was there when it claimed the partition (rule R12). */
import type { Address } from '../../../protocol/address.ts';
import { partitionOfAddress } from '../../../runtime/outbox.ts';
import { type Checker, few } from './judgement.ts';

export const freshness: Checker = ({ history, partitions }) => {
  const claimed = new Map<string, number>();
  for (const change of history.changes)
    if (change.what === 'claim')
      for (const { partition, epoch, owner, seq } of change.claims)
        if (owner !== null) claimed.set(`${partition}@${epoch}`, seq);
  return few(
    history.answered.flatMap(({ owner, address, epoch, cursor }) => {
      const partition = partitionOfAddress(address as Address, partitions);
      const claim = claimed.get(`${partition}@${epoch}`);
      if (claim === undefined)
        return [`${owner} answered for ${address} in epoch ${epoch}, which nobody claimed`];
      const before = history.entries[partition]?.findLast(
        ({ seq, place }) => seq < claim && place.kind !== 'claim',
      );
      return before === undefined || cursor.seq >= before.seq
        ? []
        : [
            `${owner} answered for ${address} at ${cursor.seq}; entry ${before.seq} was there when it claimed ${claim}`,
          ];
    }),
  );
};
