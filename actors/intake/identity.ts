/**
 * What makes two items the same artifact: SHA-256 over the content type, NUL and the *whole* normalised
 * content. Two items that differ anywhere beyond what normalisation ignores are two artifacts.
 */
import { createHash } from 'node:crypto';

/** Prose, where case and white space carry no identity. In code, data and JSON they do. */
const textLike = new Set(['text', 'log', 'html']);

/**
 * Unicode NFKC; for text, logs and HTML also case-folded, with runs of white space collapsed to one space.
 * Folding goes through upper case, so that `ß` equals `SS` and final sigma equals sigma.
 */
export function normaliseContent(contentType: string, content: string): string {
  const composed = content.toWellFormed().normalize('NFKC');
  if (!textLike.has(contentType)) return composed;
  return composed.toUpperCase().toLowerCase().normalize('NFKC').replace(/\s+/gu, ' ').trim();
}

/** The artifact's id: 64 hex digits. */
export function identityOf(contentType: string, content: string): string {
  return createHash('sha256')
    .update(contentType)
    .update('\0')
    .update(normaliseContent(contentType, content))
    .digest('hex');
}
