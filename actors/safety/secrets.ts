/**
 * Secrets in a text: credentials that must never reach a dataset. Patterns of well-known issuers, key blocks,
 * and assignments of high-entropy values to names such as `password`.
 */

/** Something unsafe, named without quoting it: a report of a secret must not repeat the secret. */
export interface Finding {
  /** What it is, such as `private-key`. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const PATTERNS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['private-key', /-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g],
  ['aws-access-key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g],
  ['github-token', /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{40,255})\b/g],
  ['gitlab-token', /\bglpat-[A-Za-z0-9_-]{20,}/g],
  ['slack-token', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g],
  ['google-api-key', /\bAIza[0-9A-Za-z_-]{35}/g],
  ['api-key', /\bsk-(?=[A-Za-z_-]{0,64}\d)(?:[a-z]{2,12}-)?[A-Za-z0-9_-]{20,}/g],
  ['stripe-key', /\b[sr]k_(?:live|test)_[0-9A-Za-z]{16,}/g],
  ['npm-token', /\bnpm_[A-Za-z0-9]{36}\b/g],
  ['json-web-token', /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g],
  ['url-password', /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]{1,64}:[^\s/:@]{3,128}@/gi],
];

/** `password = "…"`, `api_key: '…'`, `TOKEN=…`: the value decides (see {@link looksRandom}). */
const ASSIGNMENT =
  /\b[A-Za-z0-9_.-]{0,32}(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|credential)[A-Za-z0-9_-]{0,16}["']?\s{0,4}[:=]\s{0,4}["']?([^\s"',;]{12,200})/gi;

/** Bits per character above which a value is a key rather than a word, a path or a call. */
const MIN_ENTROPY_BITS = 3.2;

/** Every secret in the text, in the order of position; overlapping ones may be reported under two names. */
export function findSecrets(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const [name, pattern] of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      findings.push({ name, start: match.index, end: match.index + match[0].length });
    }
  }
  for (const match of text.matchAll(ASSIGNMENT)) {
    const value = match[1] ?? '';
    if (!looksRandom(value)) continue;
    const end = match.index + match[0].length;
    findings.push({ name: 'assigned-secret', start: end - value.length, end });
  }
  return findings.sort((a, b) => a.start - b.start || (a.name < b.name ? -1 : 1));
}

/** Letters and digits mixed, no call or path or placeholder, and entropy of a generated value. */
function looksRandom(value: string): boolean {
  if (/[(){}<>$]|^\/|\.\w+\./.test(value)) return false;
  if (!/[0-9]/.test(value) || !/[A-Za-z]/.test(value)) return false;
  return entropyBits(value) >= MIN_ENTROPY_BITS;
}

/** Shannon entropy per character, in bits. */
function entropyBits(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) {
    const share = count / value.length;
    bits -= share * Math.log2(share);
  }
  return bits;
}
