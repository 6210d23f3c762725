/** What an assessor of the user's own says is checked before it is believed. */
import { z } from 'zod';
import { BanyanError } from '../../protocol/errors.ts';
import type { Assessment, Assessor } from './assessor.ts';
import { Unreadable } from './collectors/collector.ts';

const measure = z.number().min(0).max(10);
const fired = z
  .array(z.object({ term: z.string().max(128), weight: z.number(), times: z.number().int().positive() }))
  .max(100)
  .default([]);

const assessment = z.object({
  threat: measure,
  opportunity: measure,
  confidence: z.number().min(0).max(1),
  fired: z.object({ threat: fired, opportunity: fired }).default({ threat: [], opportunity: [] }),
  domain: z.string().min(1).max(128).optional(),
  method: z.string().min(1).max(64).default('own'),
});

/**
 * Throws `assessor.invalid` for what is no function; `from` is where it came from. What it says of an item and is
 * no assessment, or what it throws, makes the item unreadable with the reason `not_assessed`.
 */
export function checkedAssessor(value: unknown, from: string): Assessor {
  if (typeof value !== 'function')
    throw new BanyanError('assessor.invalid', {
      message: `The default export of ${from} is not a function.`,
    });
  return async (item) => {
    try {
      return assessment.parse(await (value as Assessor)(item)) as Assessment;
    } catch (cause) {
      throw new Unreadable('not_assessed', { cause });
    }
  };
}
