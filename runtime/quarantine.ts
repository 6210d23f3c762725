/**
 * Quarantine: an actor that fails on one message after the other takes no more of them until somebody has looked at
 * it. Its failures in a row are counted in the row that says how it stands, so a replay counts the same; what was
 * turned well begins the count anew, and what is refused before its turn does not count.
 */
import type { Address } from '../protocol/address.ts';
import type { BanyanError } from '../protocol/errors.ts';
import type { Cells } from './cells.ts';
import type { Watches } from './watches.ts';

/** Of what was thrown, in the reason. */
const THROWN_CHARS = 500;

export class Quarantine {
  readonly #cells: Cells;
  readonly #partition: number;
  readonly #watches: Watches;
  readonly #onQuarantined: (address: Address, reason: string) => void;

  constructor(
    cells: Cells,
    partition: number,
    watches: Watches,
    onQuarantined: (address: Address, reason: string) => void,
  ) {
    this.#cells = cells;
    this.#partition = partition;
    this.#watches = watches;
    this.#onQuarantined = onQuarantined;
  }

  /** A turn of the actor threw, and was undone; or nobody survived it. */
  failed(address: Address, { code, message }: BanyanError): void {
    const cell = this.#cells.load(address, this.#partition);
    const { quarantineAfter } = cell.kind.definition;
    if (quarantineAfter === Number.POSITIVE_INFINITY) return;
    const failures = cell.failures + 1;
    if (failures <= quarantineAfter) return this.#cells.stand(cell, cell.standing, failures);
    const thrown = message.slice(0, THROWN_CHARS).toWellFormed();
    const times = failures === 1 ? 'a message; it' : `${failures} messages in a row; the last`;
    const reason = `It failed on ${times} threw: ${thrown}`;
    this.#cells.stand(cell, { status: 'quarantined', reason, code, parked: cell.standing?.parked ?? 0 }, 0);
    this.#watches.down(address, { kind: 'error', code, message: reason });
    this.#onQuarantined(address, reason);
  }

  /** A verdict skips a message. What would have been parked or refused was no turn. */
  skipped(address: Address, verdict: BanyanError): void {
    if (!this.#cells.knows(address)) return;
    if (this.#cells.load(address, this.#partition).standing === undefined) this.failed(address, verdict);
  }
}
