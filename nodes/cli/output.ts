/** What a command prints: data to standard output, everything else to standard error. */
import { styleText } from 'node:util';
import type { z } from 'zod';
import type { BanyanError } from '../../protocol/errors.ts';

export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface OutputOptions {
  /** One JSON document, or one per line for a streaming command. */
  readonly json: boolean;
  /** Only data and errors. */
  readonly quiet: boolean;
}

type Style = Parameters<typeof styleText>[0];

export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly #io: Io;

  constructor(io: Io, { json, quiet }: OutputOptions) {
    this.#io = io;
    this.json = json;
    this.quiet = quiet;
  }

  /** Whether somebody looks at the data as it is printed. */
  get terminal(): boolean {
    return this.#io.stdout.isTTY;
  }

  /** The command's result: as JSON of the documented shape, or as text for a reader. */
  data<S extends z.ZodType>(_schema: S, value: z.input<S>, text: () => string): void {
    if (this.json) this.#io.stdout.write(`${JSON.stringify(value, jsonValue, this.terminal ? 2 : 0)}\n`);
    else this.text(text());
  }

  /** One element of a stream: always one line of JSON. */
  element<S extends z.ZodType>(_schema: S, value: z.input<S>, text: () => string): void {
    if (this.json) this.#io.stdout.write(`${JSON.stringify(value, jsonValue)}\n`);
    else this.text(text());
  }

  text(text: string): void {
    if (text !== '') this.#io.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** For a person who waits: never data. */
  message(text: string): void {
    if (!this.quiet) this.#io.stderr.write(`${text}\n`);
  }

  error(error: BanyanError): void {
    if (this.json) {
      this.#io.stderr.write(`${JSON.stringify({ ok: false, error: error.toWire() })}\n`);
      return;
    }
    const { message, path } = error;
    const named = path === undefined || message.includes(path);
    const text = named ? message : `${message.replace(/\.$/, '')}, at ${path}`;
    const retry = error.retryAfterMs === undefined ? '' : ` (again after ${error.retryAfterMs} ms)`;
    const name = styleText('red', 'banyan:', { stream: this.#io.stderr });
    this.#io.stderr.write(`${name} ${text}${retry} [${error.code}]\n`);
    if (error.hint !== '') this.#io.stderr.write(`        ${error.hint}\n`);
  }

  /** Colour only where standard output is a terminal that wants it. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#io.stdout });
  }
}

/** What JSON has no form for: 64-bit integers and bytes. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  // Buffers have made themselves a plain object before we see them.
  if (isBufferJson(value)) return Buffer.from(value.data).toString('base64');
  return value;
}

function isBufferJson(value: unknown): value is { data: number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { type?: unknown }).type === 'Buffer' &&
    Array.isArray((value as { data?: unknown }).data)
  );
}

/** Any value as readable JSON, as `call` and `ask` show it. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, jsonValue, 2) ?? 'null';
}
