/**
 * How values become bytes. Plain msgpack that any language reads: no records, no extensions but timestamp.
 * What does not survive: Map and Set (become a map and an array), -0, `undefined` (left out of objects, null
 * in arrays), functions (null), class instances (become plain objects).
 */
import { Packr } from 'msgpackr';
import { LIMITS } from '../config/limits.ts';
import { BanyanError } from './errors.ts';
import { JSON_CONTENT_TYPE } from './headers.ts';
import { decodeJson } from './json-body.ts';
import { BODY_LIMITS, scan, type ScanLimits } from './scan.ts';

export { scan, type ScanLimits } from './scan.ts';

/** A message: a plain map with a type. */
export interface MessageBody {
  readonly type: string;
  readonly [field: string]: unknown;
}

type PackrOptions = NonNullable<ConstructorParameters<typeof Packr>[0]>;

// The types of msgpackr 2.1 lack two options that it reads: useToJSON and skipValues.
const PLAIN: PackrOptions & { readonly skipValues: readonly unknown[]; readonly useToJSON: boolean } = {
  useRecords: false,
  variableMapSize: true,
  copyBuffers: true,
  encodeUndefinedAsNil: true,
  skipValues: [undefined],
  // A key named toJSON in somebody's message must not be called.
  useToJSON: false,
};
/** Whole numbers that fit a number become one; the types of msgpackr lack this value too. */
const INT64_AUTO = { int64AsType: 'auto' } as unknown as PackrOptions;

/** Ours: 64-bit integers stay BigInt, so what a turn encoded is what it gets back. */
const own = new Packr({ ...PLAIN });
/** From elsewhere: other languages send whole numbers in 64 bits, and schemas expect a number. */
const foreign = new Packr({ ...PLAIN, ...INT64_AUTO });

/**
 * Encodes a value. The result is the caller's: nothing reuses its memory. Throws `message.not_encodable`
 * for cycles, symbols and integers beyond 64 bits.
 */
export function encode(value: unknown): Uint8Array {
  let shared: Uint8Array;
  try {
    shared = own.pack(value);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BanyanError('message.not_encodable', {
      message: `The value cannot be encoded: ${message}`,
      cause,
    });
  }
  // The packer's memory belongs to a chunk of many results; a view of it would keep or transfer all of them.
  const bytes = new Uint8Array(shared.length);
  bytes.set(shared);
  return bytes;
}

/** Decodes what {@link encode} made. Not for bytes from elsewhere; throws whatever msgpackr throws. */
export function decode(bytes: Uint8Array): unknown {
  return own.unpack(bytes);
}

/**
 * Decodes a message body from anywhere: checks size, structure and content before building anything, so no
 * input can exhaust memory or stack. Whole numbers beyond 2^53 become BigInt. Throws the `message.*` codes.
 */
export function decodeBody(
  bytes: Uint8Array,
  contentType: string | undefined,
  limits: ScanLimits = BODY_LIMITS,
): MessageBody {
  return checkMessage(decodeMap(bytes, contentType, limits));
}

/** Decodes a map from anywhere that need not be a message, such as the input of a query, as carefully. */
export function decodeMap(
  bytes: Uint8Array,
  contentType: string | undefined,
  limits: ScanLimits = BODY_LIMITS,
): Record<string, unknown> {
  const encoding = encodingOf(contentType);
  if (encoding === 'json') return checkMap(decodeJson(bytes, limits));
  scan(bytes, limits);
  const first = bytes[0] as number;
  const isMap = (first >= 0x80 && first < 0x90) || first === 0xde || first === 0xdf;
  if (!isMap) throw new BanyanError('message.malformed', { message: 'The message body is not a map.' });
  return checkMap(foreign.unpack(bytes));
}

const MSGPACK_CONTENT_TYPES: ReadonlySet<string> = new Set([
  'application/msgpack',
  'application/x-msgpack',
  'application/vnd.msgpack',
]);

function encodingOf(contentType: string | undefined): 'json' | 'msgpack' {
  if (contentType === undefined || contentType === '') return 'msgpack';
  const semicolon = contentType.indexOf(';');
  const mediaType = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  if (mediaType === JSON_CONTENT_TYPE) return 'json';
  if (MSGPACK_CONTENT_TYPES.has(mediaType)) return 'msgpack';
  throw new BanyanError('message.content_type', {
    message: `The content type ${JSON.stringify(contentType.slice(0, 100))} is not supported.`,
  });
}

function checkMap(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date) {
    throw new BanyanError('message.malformed', { message: 'The message body is not a map.' });
  }
  return value as Record<string, unknown>;
}

function checkMessage(value: Record<string, unknown>): MessageBody {
  // Own, so that a type cannot come from anywhere but the body.
  const type: unknown = Object.hasOwn(value, 'type') ? (value as { type: unknown }).type : undefined;
  if (typeof type !== 'string' || type.length === 0 || type.length > LIMITS.messageTypeChars) {
    throw new BanyanError('message.no_type');
  }
  if (type.startsWith('xstate.')) {
    throw new BanyanError('message.reserved_type', {
      message: `The type ${JSON.stringify(type)} is reserved.`,
    });
  }
  return value as MessageBody;
}
