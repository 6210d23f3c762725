/** The log as if nothing had ever been trimmed: for the production replay of a run that is over. */
import { BanyanError } from '../../protocol/errors.ts';
import { entryHash, type Log, type LogEntry, type LogReader, type Verdict } from '../../runtime/log.ts';

export function archiveLog(entries: readonly (readonly LogEntry[])[], verdicts: readonly Verdict[]): Log {
  const of = (partition: number): readonly LogEntry[] => entries[partition] ?? [];
  const held: Pick<Log, 'state' | 'hashAt' | 'read' | 'end' | 'head' | 'verdicts'> = {
    state: async () => ({
      identity: 'memory',
      firstSeq: 1,
      lastSeq: Math.max(0, ...entries.map((all) => all.at(-1)?.seq ?? 0)),
    }),
    hashAt: async (seq) => {
      const entry = entries.flat().find((one) => one.seq === seq);
      return entry === undefined ? undefined : entryHash(entry);
    },
    read: (partition, after): LogReader => ({
      entries: (async function* () {
        for (const entry of of(partition)) if (entry.seq > after) yield entry;
      })(),
      stop: async () => {},
    }),
    end: async (partition) => of(partition).findLast(({ place }) => place.kind !== 'claim')?.seq ?? 0,
    head: async () => undefined,
    verdicts: async () => verdicts,
  };
  return new Proxy(held as Log, {
    get(target, name) {
      if (name in target) return target[name as keyof Log];
      throw new BanyanError('internal', { message: `A replay asked the archive for '${String(name)}'.` });
    },
  });
}
