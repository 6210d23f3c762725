/** `banyan up`: everything on one machine, from a broker to a dataset. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Logger } from 'pino';
import { BanyanError, toBanyanError } from '../../../protocol/errors.ts';
import { loadCollectors } from '../../load-node-parts.ts';
import { connectBanyan, type BanyanClient } from '../../client/connect.ts';
import { makeWritableDirectory } from '../../writable-directory.ts';
import type { Cli, Run } from '../cli.ts';
import { appDocument, upDocument } from '../documents.ts';
import { EXIT } from '../exit-code.ts';
import { listenForInterrupt, whenAborted } from '../interrupt.ts';
import { createLogger } from '../logger.ts';
import { addNodeOptions, repeated } from '../options.ts';
import { ProgressLine } from '../progress-line.ts';
import {
  collectionSettled,
  finishPipeline,
  idle,
  persistently,
  startCollection,
  timedOut,
} from '../up/collection.ts';
import { loadBasalSet } from '../up/basal-set.ts';
import { type NodeSession, startSession } from '../up/node-session.ts';
import { reportProgress } from '../up/progress.ts';
import { defaultSources, namedSources, type Source, watched } from '../up/sources.ts';
import { exportAndSummarise, formatSummary } from '../up/summary.ts';

/** A first Ctrl-C ends the process within this, however far the stopping has come: nothing is lost by it. */
const STOP_MS = 4_500;

export function addUpCommand(cli: Cli, program: Command): void {
  addNodeOptions(
    cli.verb(
      program,
      'up',
      'start a broker and a node, collect the sources, publish datasets, until Ctrl-C',
      up,
    ),
  )
    .option('--once', 'end when everything collected has been decided')
    .addOption(
      new Option('--source <what>', 'path, glob, URL or TYPE:LOCATION to collect; may be repeated').argParser(
        repeated,
      ),
    )
    .option('--out <dir>', 'folder that datasets and reports are exported to (default: out)')
    .option(
      '--basal <path>',
      'JSONL file in Alpaca form, or an exported version, that versions take a share of',
    )
    .option('--broker-port <port>', 'port of the embedded broker');
}

async function up(run: Run): Promise<number> {
  return untilInterrupted(run, (log, line, signal) => perform(run, log, line, signal));
}

/**
 * Runs `body`, which stops what it started when its signal aborts. After Ctrl-C the result is 0, within
 * {@link STOP_MS}; a second one ends the process at once.
 */
export async function untilInterrupted(
  run: Run,
  body: (log: Logger, line: ProgressLine, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const line = new ProgressLine(run.io.stderr, !run.output.quiet);
  const log = createLogger({ io: run.io, logs: run.settings.logs, quiet: run.output.quiet, progress: line });
  const interrupt = listenForInterrupt(() => {
    line.end();
    run.output.message('Stopping. Once more ends it at once.');
  });
  const work = body(log, line, interrupt.signal);
  const stopped = interrupt.requested.then(async () => {
    const late = delay(STOP_MS).then(() =>
      log.warn('stopping takes too long; what is left is done by the next start'),
    );
    await Promise.race([late, work.catch((error: unknown) => reportLate(log, error))]);
    return EXIT.ok;
  });
  try {
    return await Promise.race([stopped, work]).catch((error: unknown) => {
      if (interrupt.signal.aborted) return stopped;
      throw error;
    });
  } finally {
    line.end();
    interrupt.dispose();
  }
}

/** A node that ended by itself has failed, whatever its reason would mean for a command. */
export function reportFailure(run: Run, failure: Error, line?: ProgressLine): number {
  line?.end();
  run.output.error(toBanyanError(failure));
  return EXIT.failed;
}

function reportLate(log: Logger, error: unknown): void {
  // What was waited for ends with an abort: that is the stopping itself.
  if ((error as { name?: unknown }).name === 'AbortError') return;
  log.error({ err: error }, 'it did not stop in order');
}

async function perform(run: Run, log: Logger, line: ProgressLine, stop: AbortSignal): Promise<number> {
  const { settings, timeoutMs } = run;
  const sources = await sourcesOf(run);
  // Found now rather than when there is something to export; an application of somebody's own exports nothing.
  if (settings.app === undefined) makeWritableDirectory(settings.out, 'out');
  const session = await startSession({ settings, log, embedBroker: true });
  const ended = new AbortController();
  const signal = AbortSignal.any([stop, ended.signal]);
  try {
    signal.throwIfAborted();
    announce(run, log, session);
    const client = await connectBanyan({
      servers: session.run.nats,
      namespace: session.run.namespace,
      name: 'banyan-up',
      // The node has just reached it.
      waits: true,
      token: session.run.token,
      ...(settings.nats.creds === undefined ? {} : { creds: settings.nats.creds }),
    });
    const limit =
      settings.once && timeoutMs !== undefined ? timeout(timeoutMs, signal) : new Promise<never>(() => {});
    try {
      const work = session.collects
        ? runPipeline(run, session, client, sources, { log, line, signal })
        : runApplication(run, session, signal);
      const outcome = await Promise.race([work, session.node.failed, limit]);
      return outcome instanceof Error ? reportFailure(run, outcome, line) : outcome;
    } finally {
      ended.abort();
      await client.close();
    }
  } finally {
    line.end();
    await session.stop();
  }
}

async function sourcesOf({ settings }: Run): Promise<Source[]> {
  const collectors = await loadCollectors(settings.pipeline.node);
  const types = collectors.map(({ type }) => type);
  if (settings.sources.length > 0) {
    const named = namedSources(settings.sources, process.cwd(), types);
    return settings.once ? named : named.map(watched);
  }
  return settings.app === undefined ? defaultSources(process.cwd()) : [];
}

function announce(run: Run, log: Logger, { node, run: { nats, http } }: NodeSession): void {
  log.info({ node: node.id, nats, http, data: run.settings.data }, 'the node runs');
}

async function timeout(timeoutMs: number, signal: AbortSignal): Promise<never> {
  await delay(timeoutMs, undefined, { signal });
  throw timedOut(timeoutMs);
}

interface Watching {
  readonly log: Logger;
  readonly line: ProgressLine;
  readonly signal: AbortSignal;
}

async function runPipeline(
  run: Run,
  { node }: NodeSession,
  client: BanyanClient,
  sources: readonly Source[],
  { log, line, signal }: Watching,
): Promise<number> {
  const { once, out } = run.settings;
  if (sources.length === 0) log.warn('there is nothing to collect: name a source with --source');
  void reportProgress(client, line, log, signal);
  // Before the first message: a version must not be published unseen.
  const published = once ? undefined : await client.events({ kind: 'curator', name: 'dataset-published' });
  if (run.settings.basal !== undefined) await loadBasalSet(node, client, run.settings.basal, { log, signal });
  const collection = await startCollection(node, sources);
  if (published !== undefined) {
    void whenAborted(signal).then(() => published.stop());
    for await (const event of published) {
      // A log line's own "name" is the logger's.
      const { name: dataset, ...facts } = event.payload;
      log.info({ dataset, ...facts }, 'a dataset version is published');
      // A shard that is being replaced, or a broker that comes back, must not end what runs until Ctrl-C.
      const summary = await persistently(() => exportAndSummarise(client, out), signal);
      line.clear();
      run.output.element(upDocument, summary, () => formatSummary(summary));
      line.draw();
    }
    return EXIT.ok;
  }
  const settled = await collectionSettled(client, collection, signal);
  const lost = settled.filter(({ outcome }) => outcome === 'failed');
  for (const { location, reason } of lost) log.error({ location, reason }, 'a source could not be collected');
  await finishPipeline(node, client, signal);
  const summary = await persistently(() => exportAndSummarise(client, out), signal);
  line.end();
  run.output.data(upDocument, summary, () => formatSummary(summary));
  return lost.length > 0 && lost.length === settled.length ? EXIT.failed : EXIT.ok;
}

/** An application of somebody's own has no pipeline: it runs, or with `--once` until nothing moves. */
async function runApplication(run: Run, { node }: NodeSession, signal: AbortSignal): Promise<number> {
  if (run.settings.sources.length > 0) {
    throw new BanyanError('config.invalid', {
      path: 'sources',
      message: 'This application has no orchestrator that could collect sources.',
    });
  }
  if (!run.settings.once) {
    await whenAborted(signal);
    return EXIT.ok;
  }
  await idle(node, signal);
  const actors = await node.view.actors({ limit: 1_000 });
  const document = { node: node.id, app: run.settings.app ?? '', actors: actors.length, idle: true };
  run.output.data(appDocument, document, () => `${document.app}: idle, ${document.actors} actors`);
  return EXIT.ok;
}
