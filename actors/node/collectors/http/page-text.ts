/** What a web page's bytes are: which of our content types, and which text. */
import { extname } from 'node:path';
import type { OfferedArtifact } from '../../../artifact.ts';
import { Unreadable } from '../collector.ts';
import { contentTypeOf } from '../read-file.ts';

type ContentType = OfferedArtifact['contentType'];

const types: Readonly<Record<string, ContentType>> = {
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'application/json': 'json',
  'text/csv': 'data',
  'text/tab-separated-values': 'data',
  'application/xml': 'data',
  'text/xml': 'data',
  'application/yaml': 'data',
  'text/yaml': 'data',
  'application/toml': 'data',
  'application/x-ndjson': 'data',
  'text/calendar': 'data',
  'text/css': 'code',
  'text/javascript': 'code',
  'application/javascript': 'code',
  'application/x-sh': 'code',
  'application/sql': 'code',
};

/** Says little; the name's extension says more. */
const vague: ReadonlySet<string> = new Set([
  '',
  'text/plain',
  'application/octet-stream',
  'binary/octet-stream',
]);

/** By the `Content-Type` header, else by the URL's extension. Throws {@link Unreadable} (`not_text`). */
export function contentTypeOfPage(header: string | null, { pathname }: URL): ContentType {
  const media = (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const known = types[media];
  if (known !== undefined) return known;
  if (media.endsWith('+json')) return 'json';
  if (media.endsWith('+xml')) return 'data';
  if (/^text\/x-(?!.*(?:log|markdown|rst))/.test(media)) return 'code';
  const byName = contentTypeOf(pathname);
  if (media === 'application/octet-stream' && byName === 'text' && !textExtensions.has(extname(pathname)))
    throw new Unreadable('not_text');
  if (vague.has(media) || media.startsWith('text/')) return byName;
  throw new Unreadable('not_text');
}

const textExtensions: ReadonlySet<string> = new Set(['.txt', '.md', '.rst', '.adoc', '.tex']);

/**
 * The text of a body. The charset is that of the byte order mark, the header or the page's own `<meta>`; bytes that
 * do not fit it become U+FFFD. Without any it is UTF-8, or for HTML windows-1252, as browsers take it. Throws
 * {@link Unreadable}: `not_text`, `charset`.
 */
export function decodePage(bytes: Uint8Array, header: string | null, type: ContentType): string {
  const declared = bomOf(bytes) ?? charsetOf(header) ?? (type === 'html' ? metaCharsetOf(bytes) : undefined);
  const text = declared === undefined ? decodeUndeclared(bytes, type) : decoderOf(declared).decode(bytes);
  if (text.includes('\0')) throw new Unreadable('not_text');
  return text;
}

function decoderOf(charset: string) {
  try {
    return new TextDecoder(charset);
  } catch (cause) {
    throw new Unreadable('charset', { cause });
  }
}

function decodeUndeclared(bytes: Uint8Array, type: ContentType): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    if (type === 'html') return new TextDecoder('windows-1252').decode(bytes);
    throw new Unreadable('not_text', { cause });
  }
}

function bomOf([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return undefined;
}

const charsetOf = (text: string | null): string | undefined =>
  /charset\s*=\s*["']?([\w.:-]+)/i.exec(text ?? '')?.[1];

/** Within the first 1,024 bytes, as the HTML standard has it. */
function metaCharsetOf(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 1_024)).toString('latin1');
  for (const [tag] of head.matchAll(/<meta\b[^>]*>/gi)) {
    const charset = charsetOf(tag);
    // A page whose tag could be read is not UTF-16, whatever it says.
    if (charset !== undefined) return /^utf-16/i.test(charset) ? 'utf-8' : charset;
  }
  return undefined;
}
