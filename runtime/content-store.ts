/** Large content by reference: immutable, named by its own SHA-256. */

/** What a message carries instead of the content. `ref` equals `sha256`. */
export interface ContentReference {
  readonly ref: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface ContentStore {
  /** Stores bytes unless they are there already; the same bytes always give the same reference. */
  put(bytes: Uint8Array): Promise<ContentReference>;
  /** Throws `content.not_found`, or `content.mismatch` when the stored bytes are not what the name says. */
  get(sha256: string): Promise<Uint8Array>;
  has(sha256: string): Promise<boolean>;
}
