/** The one error type that crosses a boundary: a code of the catalogue and what helps to act on it. */
import { ERRORS, type ErrorCode } from './error-catalogue.ts';
import type { ErrorEntry } from './error-entry.ts';

export { ERRORS, type ErrorCode } from './error-catalogue.ts';

/** An error as it travels in replies, dead letters and `--json` output. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly recoverable: boolean;
  readonly retryAfterMs?: number;
  readonly path?: string;
  readonly hint?: string;
}

/** What is known only when the error happens; everything left out comes from the catalogue. */
export interface ErrorDetails {
  readonly message?: string;
  /** The field at fault, such as `artifacts.0.content`. */
  readonly path?: string;
  readonly hint?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** An error with a code of the closed catalogue. */
export class BanyanError extends Error {
  readonly code: ErrorCode;
  /** Whether the same request may succeed later without being changed. */
  readonly recoverable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly path: string | undefined;
  /** What the reader can do about it. */
  readonly hint: string;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const entry: ErrorEntry = ERRORS[code];
    super(
      details.message ?? entry.message,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = 'BanyanError';
    this.code = code;
    this.recoverable = entry.recoverable;
    this.retryAfterMs = details.retryAfterMs;
    this.path = details.path;
    this.hint = details.hint ?? entry.hint;
  }

  /** The form that crosses the wire; causes and stacks stay here. */
  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      recoverable: this.recoverable,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.path === undefined ? {} : { path: this.path }),
      hint: this.hint,
    };
  }

  /**
   * Reads an error from the wire. Never throws: what is not an error of ours, and codes of newer releases,
   * become `internal` with whatever the other side said in the message.
   */
  static fromWire(wire: unknown): BanyanError {
    const fields: Partial<Record<keyof WireError, unknown>> =
      typeof wire === 'object' && wire !== null ? wire : {};
    const { code, message, path, hint, retryAfterMs } = fields;
    const details = {
      ...(typeof message === 'string' ? { message } : {}),
      ...(typeof path === 'string' ? { path } : {}),
      ...(typeof hint === 'string' ? { hint } : {}),
      ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    };
    if (isErrorCode(code)) return new BanyanError(code, details);
    const said =
      typeof code === 'string' ? `${code}: ${details.message ?? ''}` : 'The other side sent no error code.';
    return new BanyanError('internal', { ...details, message: said, cause: wire });
  }
}

/** Whether this release knows the code. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/** Gives anything that was thrown a code: our own errors pass, everything else becomes `internal`. */
export function toBanyanError(thrown: unknown): BanyanError {
  if (thrown instanceof BanyanError) return thrown;
  const message = thrown instanceof Error ? thrown.message : describe(thrown);
  return new BanyanError('internal', { message, cause: thrown });
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return 'A value that cannot be shown was thrown.';
  }
}
