/** What was thrown, as text: anybody may throw anything, also what cannot be shown. */
import { inspect } from 'node:util';

const MESSAGE_CHARS = 2_000;

/** Bounded, because it travels in answers and dead letters. */
export function messageOf(thrown: unknown): string {
  try {
    const said: unknown = thrown instanceof Error ? thrown.message : thrown;
    return (typeof said === 'string' ? said : inspect(said)).slice(0, MESSAGE_CHARS);
  } catch {
    return 'What was thrown cannot be shown.';
  }
}
