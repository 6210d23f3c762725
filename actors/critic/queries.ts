/** Reads of the critic: totals, what waits for a person, what people decided, and the latest rejections. */
import { z } from 'zod';
import type { QueryArgs } from '../../runtime/define-actor.ts';
import type { Context } from './critic.ts';
import { decisionOrder, decisions, rejections, reviews, type ReviewRow } from './tables.ts';

const list = z.object({ limit: z.number().int().min(1).max(200).default(50) });

const waiting = (id: string, { scenario, verdict, atMs }: ReviewRow) => ({
  id,
  at: new Date(atMs).toISOString(),
  scenario,
  verdict,
});

export const criticQueries = {
  stats: ({ context, state }: QueryArgs<Context, unknown>) => ({
    state,
    ...context,
    semantics: 'unavailable',
  }),
  /** What waits for a person, in the order of ids, with the text to decide by. */
  reviews: {
    input: z.object({ limit: z.number().int().min(1).max(50).default(20), after: z.string().optional() }),
    select: ({ input }: { input: { limit: number; after?: string } }) => ({
      reviews: [
        ...reviews.range({ limit: input.limit, ...(input.after === undefined ? {} : { gt: input.after }) }),
      ].map(([id, row]) => waiting(id, row)),
    }),
  },
  /** One scenario: what waits of it, or what a person decided; both null when neither. */
  review: {
    input: z.object({ id: z.string().max(256) }),
    select: ({ input: { id } }: { input: { id: string } }) => {
      const row = reviews.get(id);
      return { waiting: row === undefined ? null : waiting(id, row), decision: decisions.get(id) ?? null };
    },
  },
  /** What people decided, newest first. */
  decisions: {
    input: list,
    select: ({ input }: { input: { limit: number } }) => ({
      decisions: [...decisionOrder.range({ reverse: true, limit: input.limit })].map(([, id]) =>
        decisions.get(id),
      ),
    }),
  },
  /** The latest rejections with their reasons, newest first. */
  rejections: {
    input: list,
    select: ({ input }: { input: { limit: number } }) => ({
      rejections: [...rejections.range({ reverse: true, limit: input.limit })].map(([, row]) => row),
    }),
  },
};
