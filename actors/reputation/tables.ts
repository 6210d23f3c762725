/** The rows of one node's reputation: its changes, and the votes that the rules against brigading look back on. */
import { escapeKey } from '../../protocol/address.ts';
import { defineTable } from '../../runtime/table.ts';
import type { Change } from './standing.ts';
import type { VoteLog, VoteRow } from './votes.ts';

/** A change of the effective score, as people read it. */
export interface ReputationChange extends Change {
  readonly at: string;
}

/** By number: a ring of the latest. */
export const history = defineTable<ReputationChange>('history');
/** By number: a ring of the latest. */
const votes = defineTable<VoteRow>('votes');
/** By the escaped name of a corroborating node: the number of its vote. */
const corroborations = defineTable<number>('corroborations');

export const reputationTables = { history, votes, corroborations };

export const numberKey = (number: number): string => String(number).padStart(12, '0');

/** The votes of the running actor. */
export const voteLog: VoteLog = {
  get: (number) => (number < 0 ? undefined : votes.get(numberKey(number))),
  put: (number, vote) => votes.put(numberKey(number), vote),
  delete: (number) => votes.delete(numberKey(number)),
  corroborationBy: (voter) => corroborations.get(escapeKey(voter)),
  setCorroboration: (voter, number) =>
    number === undefined
      ? corroborations.delete(escapeKey(voter))
      : corroborations.put(escapeKey(voter), number),
};
