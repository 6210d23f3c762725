/** What calls to a supervisor are answered, in OTP's words: what two sides are compared by. */

const REFUSALS: Readonly<Record<string, string>> = {
  'child.not_found': 'not_found',
  'child.running': 'running',
  'child.restarting': 'restarting',
  'child.present': 'already_present',
  'child.started': 'already_started',
  'child.dynamic': 'simple_one_for_one',
  'actor.ended': 'gone',
};

/** Every answer that a call may get. */
export const ANSWERS: readonly string[] = ['ok', 'error', ...Object.values(REFUSALS)];

/** Of what ours rejects with; a start's own error is just an `error`. */
export function refusalOf(error: unknown): string {
  return REFUSALS[(error as { code?: string }).code ?? ''] ?? 'error';
}
