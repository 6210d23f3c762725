/**
 * A nats-server whose disk failed or was full for a moment refuses everything for that stream from then on,
 * because it no longer knows what its files hold. Only a restart makes it look. It says so in its log.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const GAVE_UP = /\[ERR\].*(failed to store|no space left|input\/output error)/i;
/** Of what was logged since the last look. */
const LOOK_BYTES = 256 * 1024;

export class StoreFailures {
  readonly #log: string;
  #at: number;

  /** What the log says already is over. */
  constructor(log: string) {
    this.#log = log;
    this.#at = this.#read(0).size;
  }

  /** What the server has said since the last look about a write that failed; undefined when nothing. */
  look(): string | undefined {
    const { text, size } = this.#read(this.#at);
    this.#at = size;
    return text.split('\n').find((line) => GAVE_UP.test(line));
  }

  #read(from: number): { readonly text: string; readonly size: number } {
    let file: number;
    try {
      file = openSync(this.#log, 'r');
    } catch {
      return { text: '', size: 0 };
    }
    try {
      const { size } = fstatSync(file);
      // A log that was rotated is read from its beginning.
      const start = Math.max(from > size ? 0 : from, size - LOOK_BYTES);
      const bytes = Buffer.alloc(size - start);
      const count = readSync(file, bytes, 0, bytes.byteLength, start);
      return { text: bytes.subarray(0, count).toString(), size: start + count };
    } finally {
      closeSync(file);
    }
  }
}
