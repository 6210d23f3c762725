/** `banyan review …`: scenarios that the critic could not decide and leaves to a person. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { z } from 'zod';
import type { Scenario, Verdict } from '../../../actors/scenario.ts';
import { formatAddress } from '../../../protocol/address.ts';
import { BanyanError } from '../../../protocol/errors.ts';
import type { BanyanClient } from '../../client/connect.ts';
import type { Cli, Run } from '../cli.ts';
import {
  reviewDecidedDocument,
  reviewDecisionsDocument,
  reviewListDocument,
  reviewShowDocument,
} from '../documents.ts';
import { addConnectionOptions } from '../options.ts';
import { prettyJson } from '../output.ts';
import { formatTable, visible } from '../table.ts';

const critic = formatAddress('critic', 'main');
const LISTED = 100;
/** Scenarios in one answer: each may have a few thousand characters. */
const PAGE = 50;
const DECISIONS_MAX = 200;

export function addReviewCommands(cli: Cli, program: Command): void {
  const review = cli.noun(program, 'review', 'scenarios that wait for a person');
  addConnectionOptions(cli.verb(review, 'list', 'list what waits, in the order of ids', list))
    .option('--limit <n>', `at most this many (default: ${LISTED})`)
    .option('--after <id>', 'continue after this one')
    .option('--decided', `list what people decided instead, the newest first, at most ${DECISIONS_MAX}`);
  addConnectionOptions(
    cli.verb(review, 'show <id>', 'show one with its text and what could not be verified', show),
  );
  for (const decision of ['accept', 'reject'] as const) {
    const effect = decision === 'accept' ? 'let it go on to the curator' : 'keep it out of the dataset';
    addConnectionOptions(cli.verb(review, `${decision} <id>`, effect, (run) => decide(run, decision)))
      .option('--reason <text>', 'why, for whoever looks at it later')
      .option('--by <name>', 'who decides (default: the name of the user)')
      .option('--dry-run', 'say what would be done');
  }
}

interface Waiting {
  readonly id: string;
  readonly at: string;
  readonly scenario: Scenario;
  readonly verdict: Verdict;
}
type Decision = z.infer<typeof reviewDecisionsDocument>['decisions'][number];

async function list(run: Run): Promise<void> {
  if (run.flag('decided')) return listDecided(run);
  const limit = run.number('limit', { min: 1 }) ?? LISTED;
  await run.withClient(async (client) => {
    const waiting: Waiting[] = [];
    let after = run.text('after');
    // One more than is shown tells whether there are more.
    while (waiting.length <= limit) {
      const wanted = Math.min(PAGE, limit + 1 - waiting.length);
      const input = { limit: wanted, ...(after === undefined ? {} : { after }) };
      const found = await askCritic<{ reviews: Waiting[] }>(client, run, 'reviews', input, { reviews: [] });
      waiting.push(...found.reviews);
      if (found.reviews.length < wanted) break;
      after = found.reviews.at(-1)?.id;
    }
    const shown = waiting.slice(0, limit).map(entryOf);
    const next = waiting.length > limit ? (shown.at(-1)?.id ?? null) : null;
    run.output.data(reviewListDocument, { reviews: shown, next }, () =>
      formatTable(
        ['ID', 'WAITS SINCE', 'CONFIDENCE', 'DOMAIN', 'SOURCE', 'WHY'],
        shown.map(({ id, at, confidence, domain, source, reasons }) => [
          id,
          at,
          confidence.toFixed(2),
          domain,
          source,
          reasons.join('; '),
        ]),
      ),
    );
    if (shown.length === 0) run.output.message('Nothing waits for a person.');
    if (next !== null) run.output.message(`There are more: --after ${next}`);
  });
}

async function listDecided(run: Run): Promise<void> {
  const limit = run.number('limit', { min: 1, max: DECISIONS_MAX }) ?? LISTED;
  await run.withClient(async (client) => {
    const none = { decisions: [] as Decision[] };
    const { decisions } = await askCritic(client, run, 'decisions', { limit }, none);
    run.output.data(reviewDecisionsDocument, { decisions }, () =>
      formatTable(
        ['ID', 'AT', 'DECISION', 'BY', 'REASON'],
        decisions.map(({ scenario, at, decision, by, reason }) => [scenario, at, decision, by, reason]),
      ),
    );
    if (decisions.length === 0) run.output.message('Nobody has decided anything yet.');
  });
}

async function show(run: Run): Promise<void> {
  const [id = ''] = run.words;
  await run.withClient(async (client) => {
    const none = { waiting: null as Waiting | null, decision: null as Decision | null };
    const { waiting, decision } = await askCritic(client, run, 'review', { id }, none);
    if (waiting === null && decision === null) throw notFound(id);
    const document = { id, waiting: waiting === null ? null : shownOf(waiting), decision };
    run.output.data(reviewShowDocument, document, () => describe(document));
  });
}

async function decide(run: Run, decision: 'accept' | 'reject'): Promise<void> {
  const [scenario = ''] = run.words;
  if (run.flag('dryRun') && !(await run.mayProceed(`${decision} ${scenario}`))) return;
  const by = run.text('by') ?? userInfo().username;
  const message = { type: 'review.decide', scenario, decision, by, reason: run.text('reason') ?? '' };
  await run.withClient(async (client) => {
    const { value } = await client.call<{ decided: boolean; before: Decision | null }>(
      critic,
      message,
      run.timeout,
    );
    const { decided, before } = value;
    if (!decided && before === null) throw notFound(scenario);
    if (before !== null && before.decision !== decision) {
      throw new BanyanError('review.decided', {
        message: `${scenario} was ${past(before.decision)} by ${before.by} at ${before.at}; that decision stands.`,
      });
    }
    const document = { id: scenario, decision, by: before?.by ?? by, repeated: !decided };
    run.output.data(
      reviewDecidedDocument,
      document,
      () => `${scenario}: ${past(decision)} by ${document.by}`,
    );
    if (before !== null)
      run.output.message(`It was decided so before, at ${before.at}; nothing has changed.`);
  });
}

const past = (decision: 'accept' | 'reject'): string => `${decision}ed`;

function entryOf({ id, at, scenario: { domain, node, source }, verdict }: Waiting) {
  const reasons = verdict.layers.flatMap(({ layer, reasons: why }) =>
    why.map((reason) => `${layer}: ${reason}`),
  );
  return { id, at, domain, node, source, confidence: verdict.confidence, reasons };
}

function shownOf(waiting: Waiting) {
  const { instruction, input, expected } = waiting.scenario;
  return { ...entryOf(waiting), instruction, input, expected, layers: waiting.verdict.layers };
}

function describe({ id, waiting, decision }: z.infer<typeof reviewShowDocument>): string {
  const fact = (name: string, value: unknown): string => `${name.padEnd(12)} ${visible(String(value))}`;
  if (decision !== null) {
    const { at, by, reason } = decision;
    return [
      fact('id', id),
      fact(past(decision.decision), `${at} by ${by}`),
      fact('reason', reason || '-'),
    ].join('\n');
  }
  if (waiting === null) return '';
  const { input, expected, layers, instruction, reasons: _, ...facts } = waiting;
  return [
    ...Object.entries(facts).map(([name, value]) => fact(name, value)),
    ...layers.map(({ layer, result, reasons }) => fact(layer, [result, ...reasons].join(': '))),
    fact('instruction', instruction),
    'input',
    ...input.split('\n').map((line) => `  ${visible(line)}`),
    'expected',
    prettyJson(expected),
  ].join('\n');
}

const notFound = (id: string): BanyanError =>
  new BanyanError('review.not_found', { message: `No scenario ${JSON.stringify(id)} waits for a person.` });

/** `otherwise` when the critic has had no message yet: it does not exist then. */
async function askCritic<T>(
  client: BanyanClient,
  run: Run,
  query: string,
  input: object,
  otherwise: T,
): Promise<T> {
  try {
    return (await client.ask<T>(critic, query, input, run.timeout)).value;
  } catch (error) {
    if (error instanceof BanyanError && error.code === 'actor.not_found') return otherwise;
    throw error;
  }
}
