/**
 * Prompt injection: text that addresses the model that will be trained on it or read it. Lexical and in
 * English; it catches the phrases in circulation, not everything that could be written.
 */
import type { Finding } from './secrets.ts';

const PATTERNS: readonly (readonly [name: string, pattern: RegExp])[] = [
  [
    'ignore-instructions',
    /\b(?:ignore|disregard|forget|override|bypass)\s+(?:\w+\s+){0,3}?(?:previous|prior|above|earlier|preceding|all|your|system)\s+(?:\w+\s+){0,2}?(?:instructions?|prompts?|rules|guidelines|directions)\b/gi,
  ],
  [
    'reveal-prompt',
    /\b(?:reveal|show|print|repeat|output|leak)\s+(?:\w+\s+){0,3}?(?:system|hidden|initial|secret)\s+(?:prompt|instructions?|message)\b/gi,
  ],
  [
    'role-change',
    /\byou\s+are\s+now\s+(?:an?\s+|the\s+)?(?:dan\b|jailbroken|unrestricted|unfiltered|evil|in\s+developer\s+mode)/gi,
  ],
  [
    'role-change',
    /\b(?:act|behave|respond)\s+as\s+(?:if\s+you\s+(?:have|had)\s+no\s+(?:restrictions|rules|guidelines)|an?\s+(?:unrestricted|unfiltered|jailbroken))/gi,
  ],
  [
    'chat-markup',
    /<\|(?:im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id)\|>|<<\/?SYS>>|\[\/?INST\]/g,
  ],
  [
    'fake-system-turn',
    /^\s{0,8}(?:#{1,4}\s*)?(?:begin\s+)?(?:new\s+)?system\s+(?:prompt|message|override)\s*:/gim,
  ],
  ['hidden-text', /[\u{E0000}-\u{E007F}]{4,}|[\u202A-\u202E\u2066-\u2069]{2,}/gu],
];

/** Every phrase in the text that tries to steer a model, in the order of position. */
export function findInjections(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const [name, pattern] of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      findings.push({ name, start: match.index, end: match.index + match[0].length });
    }
  }
  return findings.sort((a, b) => a.start - b.start || (a.name < b.name ? -1 : 1));
}
