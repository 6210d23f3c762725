/** `banyan validate`: the product's promises, tried on a real broker and real nodes in a temporary folder. */
import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import { BanyanError } from '../../../protocol/errors.ts';
import type { Behaviour } from '../../validate/behaviour.ts';
import { BEHAVIOURS } from '../../validate/behaviours.ts';
import { type Outcome, runBehaviours } from '../../validate/runner.ts';
import { counted } from '../counted.ts';
import type { Cli, Run } from '../cli.ts';
import { validateDocument, validateListDocument } from '../documents.ts';
import { EXIT } from '../exit-code.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { repeated } from '../options.ts';
import { ProgressLine } from '../progress-line.ts';
import { formatTable, visible } from '../table.ts';

const TIMEOUT_MS = 10 * 60_000;
const SEEDS = 1_000_000;

export function addValidateCommand(cli: Cli, program: Command): void {
  cli
    .verb(
      program,
      'validate',
      'try the ten behaviours that the product promises, on real components',
      validate,
    )
    .addOption(new Option('--only <name>', 'one behaviour; may be repeated').argParser(repeated))
    .option('--list', 'name the behaviours, run nothing')
    .option('--quick', 'a tenth of the sizes')
    .option('--seed <n>', 'draw the same texts and moments as an earlier run')
    .option('--keep', 'keep the folder of a behaviour that fails, and say where')
    .option('--timeout <duration>', 'give up on a behaviour after this time (default: 10m)');
}

async function validate(run: Run): Promise<number> {
  refuseSettings(run);
  const chosen = chosenBehaviours((run.options['only'] as string[] | undefined) ?? []);
  if (run.flag('list')) return list(run, chosen);
  const seed = run.number('seed') ?? randomInt(SEEDS);
  const quick = run.flag('quick');
  const line = new ProgressLine(run.io.stderr, !run.output.quiet);
  const interrupt = listenForInterrupt(() => {
    line.end();
    run.output.message('Stopping. Once more ends it at once.');
  });
  run.output.message(
    `${counted(chosen.length, 'behaviour')}, seed ${seed}${quick ? ', a tenth of the sizes' : ''}`,
  );
  const startedMs = performance.now();
  try {
    const outcomes = await runBehaviours(chosen, {
      seed,
      quick,
      keep: run.flag('keep'),
      timeoutMs: run.timeoutMs ?? TIMEOUT_MS,
      signal: interrupt.signal,
      progress: (behaviour, text) => say(run, line, `${behaviour}: ${text}`),
      ended: (outcome) => {
        line.clear();
        if (!run.output.json) run.output.text(`${describe(run, outcome)}\n`);
        else run.output.message(`${outcome.name}: ${outcome.status}`);
      },
    });
    line.end();
    return conclude(run, outcomes, { seed, quick, durationMs: Math.round(performance.now() - startedMs) });
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    // Not "ok", as elsewhere after Ctrl-C: a script must not take it for a validation that passed.
    run.output.message('Interrupted: nothing is proven. Everything that was started is gone.');
    return EXIT.failed;
  } finally {
    line.end();
    interrupt.dispose();
  }
}

/** Every command takes settings; these systems have their own. */
function refuseSettings({ options }: Run): void {
  const given = ['config', 'set'].find((option) => options[option] !== undefined);
  if (given === undefined) return;
  throw new BanyanError('usage', {
    message: `--${given} has no effect here: each behaviour runs with the defaults and the settings that it names.`,
  });
}

function chosenBehaviours(names: readonly string[]): readonly Behaviour[] {
  const unknown = names.find((name) => BEHAVIOURS.every((behaviour) => behaviour.name !== name));
  if (unknown !== undefined) {
    throw new BanyanError('usage', {
      message: `There is no behaviour ${JSON.stringify(unknown)}.`,
      hint: `There are: ${BEHAVIOURS.map(({ name }) => name).join(', ')}.`,
    });
  }
  return names.length === 0 ? BEHAVIOURS : BEHAVIOURS.filter(({ name }) => names.includes(name));
}

function list(run: Run, behaviours: readonly Behaviour[]): number {
  const listed = behaviours.map(({ name, promise }) => ({ name, promise }));
  run.output.data(validateListDocument, { behaviours: listed }, () =>
    formatTable(
      ['NAME', 'PROMISE'],
      listed.map(({ name, promise }) => [name, promise]),
    ),
  );
  return EXIT.ok;
}

/** On a terminal one line that is drawn over, elsewhere one line each. */
function say(run: Run, line: ProgressLine, text: string): void {
  if (line.enabled) line.show(text);
  else run.output.message(text);
}

function conclude(
  run: Run,
  outcomes: readonly Outcome[],
  facts: { readonly seed: number; readonly quick: boolean; readonly durationMs: number },
): number {
  const failed = outcomes.filter(({ status }) => status === 'failed').length;
  const document = {
    ok: failed === 0,
    ...facts,
    passed: outcomes.length - failed,
    failed,
    behaviours: outcomes.map((outcome) => ({
      ...outcome,
      sent: [...outcome.sent],
      checks: [...outcome.checks],
    })),
  };
  run.output.data(validateDocument, document, () => {
    const table = formatTable(
      ['BEHAVIOUR', 'RESULT', 'CLAIMS', 'SECONDS', 'PROMISE'],
      outcomes.map(({ name, status, checks, durationMs, promise }) => [
        name,
        run.output.style(status === 'passed' ? 'green' : 'red', status),
        `${checks.filter(({ holds }) => holds).length}/${checks.length}`,
        (durationMs / 1_000).toFixed(1),
        promise,
      ]),
    );
    const sizes = facts.quick ? 'a tenth of the sizes' : 'full sizes';
    return `${table}\n${document.passed} passed, ${failed} failed; ${sizes}, seed ${facts.seed}, ${(facts.durationMs / 1_000).toFixed(0)} s`;
  });
  return failed === 0 ? EXIT.ok : EXIT.findings;
}

/** A behaviour with its evidence. */
function describe(run: Run, outcome: Outcome): string {
  const mark = (ok: boolean): string => run.output.style(ok ? 'green' : 'red', ok ? '✓' : '✗');
  const { name, promise, status, sent, settings, checks, reason, reproduce, kept } = outcome;
  const changed = Object.entries(settings).map(([path, value]) => `${path}=${value}`);
  const facts = [
    ...sent.map((text) => `sent      ${text}`),
    `settings  ${changed.join(' ')}`,
    ...(reason === null ? [] : [`reason    ${visible(reason)}`]),
  ];
  const claims = checks.map(
    ({ claim, expected, observed, holds }) =>
      `${mark(holds)} ${claim}: ${visible(observed)}${observed === expected ? '' : ` (expected ${expected})`}`,
  );
  const ends = [`again     ${reproduce}`, ...(kept === null ? [] : [`kept      ${kept}`])];
  return [
    `${mark(status === 'passed')} ${name}  ${promise}`,
    ...[...facts, ...claims, ...ends].map((text) => `    ${text}`),
  ].join('\n');
}
