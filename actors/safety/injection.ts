/** Prompt injection: text that addresses the model that will be trained on it or read it. */
import { INJECTION_PATTERNS } from './injection-patterns.ts';
import type { Finding } from './secrets.ts';

/** Every phrase in the text that tries to steer a model, in the order of position. */
export function findInjections(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const [name, pattern] of INJECTION_PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      findings.push({ name, start: match.index, end: match.index + match[0].length });
    }
  }
  return findings.sort((a, b) => a.start - b.start || (a.name < b.name ? -1 : 1));
}
