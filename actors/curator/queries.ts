/** Reads of the dataset: totals, versions, and the examples of a version page by page. */
import { z } from 'zod';
import type { QueryArgs } from '../../runtime/define-actor.ts';
import type { Context } from './curator.ts';
import { basal, examples, members, numberKey, refusals, versions } from './tables.ts';

type Args<Input> = QueryArgs<Context, Input>;

export const curatorQueries = {
  stats: ({ context, state }: Args<unknown>) => ({
    state,
    /** Scenarios that the critic decided. */
    judged: context.judged,
    gates: context.gates,
    masked: context.masked,
    refused: context.refused,
    /** Examples in published versions. */
    examples: context.published,
    /** Examples that passed the gates and wait for a version. */
    waiting: context.waiting,
    versions: context.versions,
    publishing:
      context.publishing === null ? null : { name: context.publishing.name, failures: context.failures },
    lastManifestSha256: context.lastManifestSha256,
    /** The basal set with what was refused of it, how many lines there are, and how many versions have taken. */
    basal: context.basal,
  }),
  versions: {
    input: z.object({
      limit: z.number().int().min(1).max(200).default(200),
      after: z.number().int().default(0),
    }),
    select: ({ input }: Args<{ limit: number; after: number }>) => ({
      versions: [...versions.range({ gt: numberKey(input.after), limit: input.limit })].map(([, row]) => row),
    }),
  },
  /** Examples of a version in their order; `next` continues, and is null at the end. */
  examples: {
    input: z.object({
      version: z.number().int().positive(),
      after: z.string().optional(),
      limit: z.number().int().min(1).max(40).default(20),
    }),
    select: ({ input }: Args<{ version: number; after?: string; limit: number }>) => {
      const prefix = `${numberKey(input.version)}|`;
      const after = input.after === undefined ? {} : { gt: prefix + input.after };
      const keys = [...members.range({ prefix, limit: input.limit, ...after })].map(([key]) =>
        key.slice(prefix.length),
      );
      return {
        examples: keys.map((key) => examples.get(key)),
        next: keys.length < input.limit ? null : (keys.at(-1) ?? null),
      };
    },
  },
  /** Lines of basal sets in the order in which versions take them. */
  basal: {
    input: z.object({ from: z.number().int().min(0), limit: z.number().int().min(1).max(200) }),
    select: ({ input: { from, limit } }: Args<{ from: number; limit: number }>) => ({
      entries: [...basal.range({ gte: numberKey(from), limit })].map(([, row]) => row),
    }),
  },
  /** What was refused lately, newest first. */
  refusals: {
    input: z.object({ limit: z.number().int().min(1).max(200).default(50) }),
    select: ({ input }: Args<{ limit: number }>) => ({
      refusals: [...refusals.range({ reverse: true, limit: input.limit })].map(([, row]) => row),
    }),
  },
};
