/** Whoever supervises a machine's shard counts which message it falls over; from the third time on it proposes a verdict (rule R8). */
import type { ProposedVerdict } from '../../runtime/log.ts';
import { EnvironmentFault } from '../../runtime/partition.ts';

const STRIKES = 3;

export class Blame {
  readonly #epochs = new Map<string, number[]>();
  readonly #proposed = new Map<string, ProposedVerdict>();

  /** What the next shard is to skip. */
  get proposed(): readonly ProposedVerdict[] {
    return [...this.#proposed.values()];
  }

  add(fault: unknown): void {
    if (!(fault instanceof EnvironmentFault) || !fault.code.startsWith('turn.')) return;
    const { partition, entry, index, code, epoch } = fault;
    const place = `${partition}.${entry}.${index}`;
    const epochs = [...(this.#epochs.get(place) ?? []), epoch];
    this.#epochs.set(place, epochs);
    if (epochs.length < STRIKES) return;
    this.#proposed.set(place, { partition, entry, index, code, detail: 'Three shards ended here.', epochs });
  }

  /** An operator has removed the cause. */
  forgive(): void {
    this.#epochs.clear();
    this.#proposed.clear();
  }
}
