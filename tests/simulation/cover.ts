/** What the history of a run says happened, for the coverage. */
import { decodeFrame } from '../../protocol/frame.ts';
import type { Coverage } from './coverage.ts';
import type { History } from './history.ts';

export function cover({ changes, entries }: History, coverage: Coverage): void {
  for (const { place, data } of entries.flat()) {
    if (place.kind !== 'frame') continue;
    for (const { kind, message } of decodeFrame(data))
      if (kind === 'down') coverage.count(`watcher told: ${(message['reason'] as { kind: string }).kind}`);
  }
  const owners = new Map<number, string | null>();
  const frames = new Set<string>();
  for (const change of changes) {
    switch (change.what) {
      case 'refused':
        if (change.operation === 'appendFrame' && change.code === 'log.conflict')
          coverage.count('frame refused by a fence');
        else if (change.operation === 'writeState' && change.code === 'log.conflict')
          coverage.count('head refused');
        else if (change.operation === 'claim' && change.code === 'log.conflict')
          coverage.count('claim refused');
        else coverage.count(`${change.operation} refused: ${change.code}`);
        break;
      case 'claim':
        for (const { partition, owner } of change.claims) {
          owners.set(partition, owner);
          coverage.count(owner === null ? 'released' : 'claimed');
        }
        break;
      case 'head':
        if (change.head.step === 0) coverage.count('head written at step 0');
        if (change.bytes > 300_000) coverage.count('head with hundreds of kilobytes');
        if (owners.get(change.head.partition) !== change.head.owner)
          coverage.count('head written after its owner was superseded');
        break;
      case 'frame': {
        const name = `${change.partition} ${change.from}`;
        if (change.from !== undefined && frames.has(name)) coverage.count('frame stored twice');
        frames.add(name);
        break;
      }
      case 'trim':
        coverage.count('trimmed');
        break;
      case 'verdict':
        coverage.count('verdict stored');
        break;
      case 'publish':
      case 'lanes':
    }
  }
}
