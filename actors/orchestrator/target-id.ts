/** A target's identity. */
import { createHash } from 'node:crypto';
import type { Target } from './contract.ts';

/** 64 hex digits: SHA-256 over type, NUL and location. Priority, interval and metadata may change under it. */
export const targetId = ({ type, location }: Pick<Target, 'type' | 'location'>): string =>
  createHash('sha256').update(type).update('\0').update(location.toWellFormed()).digest('hex');
