/** The critic's rows: what waits for evidence, what waits for a person, and the latest rejections. */
import { defineTable } from '../../runtime/table.ts';
import type { Scenario, Verdict } from '../scenario.ts';

export interface PendingRow {
  readonly scenario: Scenario;
  readonly structure: Verdict['layers'][number];
  readonly sinceMs: number;
}

export interface ReviewRow {
  readonly scenario: Scenario;
  readonly verdict: Verdict;
  readonly atMs: number;
}

/** What a person decided; the scenario itself has gone on. */
export interface DecisionRow {
  readonly scenario: string;
  readonly decision: 'accept' | 'reject';
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

/** What was rejected and why, without its text: it may hold what made it unsafe. */
export interface RejectionRow {
  readonly scenario: string;
  readonly artifact: string;
  readonly node: string;
  readonly domain: string;
  readonly source: string;
  readonly layer: string;
  readonly reasons: readonly string[];
  readonly at: string;
}

/** By scenario id: evidence was asked for. */
export const pending = defineTable<PendingRow>('pending');
/** By scenario id: waits for a person. */
export const reviews = defineTable<ReviewRow>('reviews');
/** By scenario id: what a person decided, so that deciding again is harmless. */
export const decisions = defineTable<DecisionRow>('decisions');
/** Number of a decision → its scenario, so that the oldest can be forgotten. */
export const decisionOrder = defineTable<string>('decisionOrder');
/** By number: a ring of the latest. */
export const rejections = defineTable<RejectionRow>('rejections');

export const criticTables = { pending, reviews, decisions, decisionOrder, rejections };

/** Rejections kept for people to read. */
export const REJECTIONS_KEPT = 500;
/** Decisions of people kept; whoever decides an older one again is told that it does not wait. */
export const DECISIONS_KEPT = 10_000;
export const rejectionKey = (number: number): string => String(number).padStart(12, '0');
