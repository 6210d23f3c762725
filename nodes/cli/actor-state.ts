/** How a machine's state value is shown: `ready`, or `{"a":"b"}` for nested and parallel states. */

export function formatState(state: unknown): string {
  if (state === undefined || state === null) return '-';
  return typeof state === 'string' ? state : JSON.stringify(state);
}
