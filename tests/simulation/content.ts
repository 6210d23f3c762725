/** A content store for one process of a simulation: references to what it holds itself. */
import { createHash } from 'node:crypto';
import { BanyanError } from '../../protocol/errors.ts';
import type { ContentStore } from '../../runtime/content-store.ts';

export function contentInMemory(): ContentStore {
  const held = new Map<string, Uint8Array>();
  return {
    put: async (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      held.set(sha256, bytes);
      return { ref: sha256, sha256, bytes: bytes.byteLength };
    },
    get: async (sha256) => {
      const bytes = held.get(sha256);
      if (bytes === undefined) throw new BanyanError('content.not_found');
      return bytes;
    },
    has: async (sha256) => held.has(sha256),
  };
}
