/** Feeds labelled texts to the pattern detection, run by run, as a collection would. */
import { learn } from '../../../actors/coordinator/patterns/learn.ts';
import { type Document, emptyModel, type Model } from '../../../actors/coordinator/patterns/model.ts';
import { defaultPipelineSettings, type PatternSettings } from '../../../actors/settings.ts';
import { randomSequence } from '../../../runtime/randomness.ts';
import type { Labelled } from './corpora.ts';

export interface Streamed {
  readonly model: Model;
  /** The pattern of each text, as of the last run that looked at it. */
  readonly assigned: readonly (string | null)[];
  /** Of the members that were looked at in two runs, the share that kept its pattern in the second. */
  readonly stability: number;
  /** Patterns that were announced. */
  readonly found: number;
  /** Processor time of each run. */
  readonly runMs: readonly number[];
}

export function stream(
  texts: readonly Labelled[],
  {
    perRun,
    seed,
    settings = defaultPipelineSettings.coordinator.patterns,
  }: { perRun: number; seed: string; settings?: PatternSettings },
): Streamed {
  const documents = texts.map(({ text }, i): Document => ({
    id: String(i).padStart(6, '0'),
    atMs: 1_000 + i,
    source: `text ${i}`,
    text,
  }));
  const assigned: (string | null)[] = texts.map(() => null);
  const runMs: number[] = [];
  let model = emptyModel(0);
  let [members, kept, found] = [0, 0, 0];
  for (let i = 0; i < documents.length; i += perRun) {
    const before = new Map(model.remembered.map(({ id, pattern }) => [id, pattern]));
    const startedMs = processorMs();
    const learned = learn(model, documents.slice(i, i + perRun), (id) => documents[Number(id)], {
      nowMs: 1_000 + i + perRun,
      random: randomSequence(`${seed}/${model.run + 1}`),
      settings,
    });
    runMs.push(processorMs() - startedMs);
    model = learned.model;
    found += learned.found.length;
    for (const { id, pattern } of model.remembered) {
      assigned[Number(id)] = pattern;
      const earlier = before.get(id) ?? null;
      if (earlier === null) continue;
      members++;
      if (earlier === pattern) kept++;
    }
  }
  return { model, assigned, stability: members === 0 ? 1 : kept / members, found, runMs };
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
