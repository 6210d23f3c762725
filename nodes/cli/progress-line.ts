/** One line at the bottom of a terminal that is drawn over and over; elsewhere it draws nothing. */

const ERASE_LINE = '\r\u001B[2K';

export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly enabled: boolean;
  #text = '';

  constructor(stream: NodeJS.WriteStream, enabled: boolean) {
    this.#stream = stream;
    this.enabled = enabled && stream.isTTY;
  }

  show(text: string): void {
    this.#text = text;
    this.clear();
    this.draw();
  }

  /** Takes the line away, for whoever wants to print above it. */
  clear(): void {
    if (this.enabled && this.#text !== '') this.#stream.write(ERASE_LINE);
  }

  draw(): void {
    if (!this.enabled || this.#text === '') return;
    // A line that wraps could not be erased. A terminal that does not know its width says 0.
    const { columns } = this.#stream;
    this.#stream.write(columns > 0 ? this.#text.slice(0, columns - 1) : this.#text);
  }

  end(): void {
    this.clear();
    this.#text = '';
  }
}
