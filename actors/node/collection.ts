/**
 * How a node collects: items wait, are read in batches, offered to intake and decided. Everything in flight
 * is in rows, so a crash at any point goes on where it was. Each function changes the draft it is given.
 */
import { now, task, tell } from '../../runtime/effects.ts';
import { orchestratorContract } from '../orchestrator/contract.ts';
import type { NodeSettings } from '../settings.ts';
import type { ReadInput, ReadOutput, ScanInput, ScanOutput } from './collect.task.ts';
import type { ListedItem } from './collectors/collector.ts';
import type { SubmissionResult } from './contract.ts';
import { failed, forgetOnce, isDecided, refuse, scheduleRetry, setFile, updateFile } from './items.ts';
import { type Draft, type Outcome, pool } from './node-context.ts';
import type { ReleaseInput } from './spool/keep.ts';
import { hasRoom, heed, heldTargets, isHeld, nextHungry } from './sending.ts';
import {
  type Attempt,
  batches,
  type BatchRow,
  fileKey,
  type FileRow,
  filePrefix,
  files,
  hungry,
  retries,
  retryKey,
  targets,
  type TargetRow,
  waiting,
} from './tables.ts';

/** Read tasks started in one turn at most: bounds the rows it touches. */
const batchesPerTurn = 3;
/** Items that become due again in one turn at most. */
const retriesPerTurn = 100;
/** Reasons that will not go away while the item stays as it is. */
const lastingReasons = new Set(['not_text', 'too_large']);

/** A page of the target's listing came back. */
export function listed(draft: Draft, input: ScanInput, output: ScanOutput, settings: NodeSettings): void {
  const row = targets.get(input.id);
  const attempt = row?.attempt ?? null;
  if (row === undefined || attempt?.scanning !== true) return;
  let added = 0;
  let unchanged = 0;
  for (const item of output.items) {
    const take = consider(draft, input.id, item, row.exempt);
    if (take === 'wait') added++;
    if (take === 'unchanged') unchanged++;
  }
  updateTarget(input.id, {
    ...row,
    ...(output.cursor === undefined ? {} : { cursor: output.cursor }),
    waiting: row.waiting + added,
    attempt: {
      ...attempt,
      scanning: output.next !== undefined,
      found: output.total,
      ignored: output.ignored,
      unchanged: attempt.unchanged + unchanged,
    },
  });
  if (output.next !== undefined) {
    const page: ScanInput = { ...input, assignment: attempt.assignment, page: output.next };
    task('scan', page, { pool: pool(draft) });
  }
  advance(draft, input.id, settings);
}

/** Decides about one listed item, and has it wait to be read if it is new or has changed. */
function consider(
  draft: Draft,
  target: string,
  item: ListedItem,
  exempt: boolean,
): 'wait' | 'unchanged' | 'open' {
  const key = fileKey(target, item.name);
  const before = files.get(key);
  const { name, bytes, modifiedMs } = item;
  if (before !== undefined) {
    const { state, reason, retryAtMs } = before;
    if (state === 'waiting' || state === 'reading' || state === 'offered') return 'open';
    if (state === 'retry') {
      // A quota that it waits for does not apply any more; one that could not be read keeps its time.
      if (!exempt || !before.refused) return 'open';
      if (retryAtMs !== null) retries.delete(retryKey(retryAtMs, key));
    }
    const same = before.bytes === bytes && before.modifiedMs === modifiedMs;
    const open =
      state === 'retry' || state === 'gone' || (state === 'unreadable' && !lastingReasons.has(reason ?? ''));
    if (same && !open && item.always !== true) return 'unchanged';
  }
  const refused = before?.state === 'retry' && before.refused;
  const fresh = { target, name, bytes, modifiedMs, failures: 0, refused, reason: null, retryAtMs: null };
  setFile(draft, key, { ...fresh, ...memoryOf(item, before), state: 'waiting' });
  waiting.put(key, { bytes });
  return 'wait';
}

/** What is kept of an item beside its state: how it is to be treated, and the content of it that was decided. */
function memoryOf(
  { always, once }: ListedItem,
  before: FileRow | undefined,
): Pick<FileRow, 'always' | 'once' | 'known'> {
  const known =
    before?.mark !== undefined && before.mark !== '' && isDecided(before.state)
      ? { mark: before.mark, state: before.state }
      : before?.known;
  return {
    ...(always === true ? { always } : {}),
    ...(once === true ? { once } : {}),
    ...(known === undefined ? {} : { known }),
  };
}

/** A read task ended: what it read was offered, the rest is unchanged or unreadable. */
export function wasRead(draft: Draft, input: ReadInput, output: ReadOutput, settings: NodeSettings): void {
  draft.reading--;
  const batch = batches.get(input.batch);
  const row = batch === undefined ? undefined : targets.get(batch.target);
  if (batch === undefined || row === undefined) return;
  for (const { position, bytes, modifiedMs, mark } of output.read) {
    updateFile(draft, batch.files[position], (file) => ({
      ...file,
      ...(mark === file.mark ? {} : { mark: mark ?? '' }),
      bytes,
      modifiedMs,
      failures: 0,
      // Intake may have been quicker.
      state: file.state === 'reading' ? 'offered' : file.state,
    }));
  }
  for (const position of output.unchanged ?? []) {
    updateFile(draft, batch.files[position], (file) =>
      file.state !== 'reading'
        ? file
        : { ...file, state: file.known?.state ?? 'duplicate', mark: file.known?.mark ?? '' },
    );
  }
  for (const { position, ...failure } of output.unreadable)
    failed(draft, batch.files[position], failure, settings);
  updateTarget(batch.target, {
    ...row,
    attempt: add(row.attempt, {
      offered: output.read.length,
      unreadable: output.unreadable.length,
      unchanged: output.unchanged?.length ?? 0,
      why: output.unreadable[0]?.reason,
    }),
  });
  const decided = batch.decided || output.read.length === 0;
  const spooled = output.spooled === true ? { spooled: true } : {};
  closeBatch(draft, input.batch, { ...batch, ...spooled, read: true, decided });
  advance(draft, batch.target, settings);
}

/** A read task failed as a whole: its items are tried again. */
export function readFailed(draft: Draft, input: ReadInput, code: string, settings: NodeSettings): void {
  draft.reading--;
  const batch = batches.get(input.batch);
  const row = batch === undefined ? undefined : targets.get(batch.target);
  if (batch === undefined || row === undefined) return;
  for (const key of batch.files) failed(draft, key, { reason: code, transient: true }, settings);
  const counts = { unreadable: batch.files.length, why: code };
  updateTarget(batch.target, { ...row, attempt: add(row.attempt, counts) });
  closeBatch(draft, input.batch, { ...batch, read: true, decided: true });
  advance(draft, batch.target, settings);
}

/** Intake and the coordinator decided about a batch. */
export function submissionDecided(draft: Draft, result: SubmissionResult, settings: NodeSettings): void {
  const batch = batches.get(result.batch);
  const row = batch === undefined ? undefined : targets.get(batch.target);
  if (batch === undefined || row === undefined) return;
  // Both lists are in the order in which the items were offered, so refusals meet their errors one by one.
  const errors = result.rejected.map(({ error }) => error);
  const refused = (result.items ?? []).filter(({ outcome }) => outcome === 'rejected');
  for (const { position, outcome } of result.items ?? []) {
    if (outcome === 'rejected') continue;
    updateFile(draft, batch.files[position], (file) => ({
      ...file,
      state: outcome,
      refused: false,
      reason: null,
      retryAtMs: null,
    }));
    forgetOnce(draft, batch.files[position]);
  }
  for (const [index, { position }] of refused.entries())
    refuse(draft, batch.files[position], errors[index] ?? {}, settings);
  updateTarget(batch.target, {
    ...row,
    attempt: add(row.attempt, {
      accepted: result.accepted,
      known: result.duplicates + result.corroborated,
      rejected: result.rejected.length,
    }),
  });
  const held = heed(draft, result, settings);
  closeBatch(draft, result.batch, { ...batch, decided: true });
  advance(draft, batch.target, settings);
  if (!held) return;
  scheduleRetry(draft);
  for (const id of [...heldTargets(draft)]) advance(draft, id, settings);
}

/** Items whose time has come wait to be read again; what was held back goes on. */
export function retryDue(draft: Draft, settings: NodeSettings): void {
  draft.retryAtMs = null;
  const due = [...retries.range({ lt: retryKey(now() + 1, ''), limit: retriesPerTurn })].map(([key]) => key);
  for (const key of due) {
    retries.delete(key);
    const file = key.slice(key.indexOf('|') + 1);
    const before = files.get(file);
    const row = before === undefined ? undefined : targets.get(before.target);
    if (before?.state !== 'retry' || row === undefined) continue;
    setFile(draft, file, { ...before, state: 'waiting', retryAtMs: null });
    waiting.put(file, { bytes: before.bytes });
    updateTarget(before.target, { ...row, waiting: row.waiting + 1 });
  }
  scheduleRetry(draft);
  pump(draft, settings);
}

/** Starts as many read tasks as capacity and the window allow, each target in its turn. */
export function pump(draft: Draft, settings: NodeSettings): void {
  if (draft.stopping) return;
  for (let started = 0; started < batchesPerTurn; started++) {
    if (draft.reading >= draft.capacity || !hasRoom(draft)) return;
    const id = nextHungry(draft);
    const row = id === undefined ? undefined : targets.get(id);
    if (id === undefined || row === undefined) return;
    startBatch(draft, id, row, settings);
  }
}

function startBatch(draft: Draft, id: string, row: TargetRow, settings: NodeSettings): void {
  const keys: string[] = [];
  const items: ReadInput['items'][number][] = [];
  let bytes = 0;
  for (const [key, item] of waiting.range({ prefix: filePrefix(id), limit: settings.batchFiles })) {
    if (keys.length > 0 && bytes + item.bytes > settings.batchContentBytes) break;
    bytes += item.bytes;
    keys.push(key);
  }
  for (const key of keys) {
    waiting.delete(key);
    updateFile(draft, key, (file) => {
      const { name, refused: retried, known } = file;
      items.push({ name, retried, ...(known === undefined ? {} : { mark: known.mark }) });
      return { ...file, state: 'reading' };
    });
  }
  const batch = `b${draft.nextBatch++}`;
  batches.put(batch, { target: id, files: keys, read: false, decided: false });
  draft.reading++;
  draft.open++;
  draft.lastServed = id;
  updateTarget(id, { ...row, waiting: row.waiting - keys.length, open: row.open + 1 });
  const input: ReadInput = { id, node: draft.name, batch, target: row.target, exempt: row.exempt, items };
  task('read', input, { pool: pool(draft) });
}

function closeBatch(draft: Draft, name: string, batch: BatchRow): void {
  if (!batch.read || !batch.decided) {
    batches.put(name, batch);
    return;
  }
  batches.delete(name);
  draft.open--;
  if (batch.spooled === true) giveUp(draft, batch);
  const row = targets.get(batch.target);
  if (row !== undefined) updateTarget(batch.target, { ...row, open: row.open - 1 });
}

/** What is decided needs no place in the spool any more; what was refused for now is read from there again. */
function giveUp(draft: Draft, { target, files: keys }: BatchRow): void {
  const names = keys.flatMap((key) => {
    const file = files.get(key);
    return file === undefined || file.state === 'retry' ? [] : [file.name];
  });
  const input: ReleaseInput = { id: target, names };
  if (names.length > 0) task('release', input, { pool: pool(draft) });
}

/** Goes on with whatever waits; reports the target's collection when nothing of it is left, or may be sent now. */
function advance(draft: Draft, id: string, settings: NodeSettings): void {
  pump(draft, settings);
  const row = targets.get(id);
  const attempt = row?.attempt ?? null;
  if (row === undefined || attempt === null) return;
  const held = row.waiting > 0 && isHeld(draft, row);
  if (attempt.scanning || (row.waiting > 0 && !held) || row.open > 0) {
    if (now() - attempt.reportedAtMs < settings.progressMs) return;
    updateTarget(id, { ...row, attempt: { ...attempt, reportedAtMs: now() } });
    const { assignment } = attempt;
    tell(orchestratorContract.at('main'), {
      type: 'collect.progress',
      node: draft.name,
      target: id,
      assignment,
    });
    return;
  }
  finish(draft, id, held ? heldOutcome(attempt, row.waiting) : outcomeOf(attempt));
}

/** Intake takes no more for now: what waits is sent later, in no collection's name or the next one's. */
const heldOutcome = ({ accepted, known }: Attempt, items: number): Outcome => ({
  outcome: accepted + known > 0 ? 'collected' : 'empty',
  reason: `${items} items wait until intake takes more`,
});

/** Success with nothing collected is `empty`, never a success. */
function outcomeOf(attempt: Attempt): Outcome {
  const { found, offered, accepted, known, rejected, unreadable, unchanged, why } = attempt;
  if (accepted + known > 0) return { outcome: 'collected' };
  if (offered > 0) return { outcome: 'empty', reason: `all ${rejected} items were refused` };
  if (unreadable > 0 && unchanged === 0) {
    return { outcome: 'failed', reason: `none of ${found} items could be read: ${why ?? 'unknown'}` };
  }
  return {
    outcome: 'empty',
    reason:
      unchanged > 0
        ? `all ${unchanged} items are unchanged`
        : found > 0
          ? `all ${found} items wait to be tried again`
          : 'nothing was found',
  };
}

/** Ends the target's collection and tells the orchestrator. */
export function finish(draft: Draft, id: string, { outcome, reason }: Outcome): void {
  const row = targets.get(id);
  const attempt = row?.attempt ?? null;
  if (row === undefined || attempt === null) return;
  const { assignment, startedAtMs, offered, accepted } = attempt;
  draft.attempts--;
  draft.totals = { ...draft.totals, [outcome]: draft.totals[outcome] + 1 };
  updateTarget(id, { ...row, attempt: null });
  tell(orchestratorContract.at('main'), {
    type: 'collect.result',
    node: draft.name,
    target: id,
    assignment,
    outcome,
    items: offered,
    durationMs: now() - startedAtMs,
    quality: offered === 0 ? 0 : Math.min(1, accepted / offered),
    ...(reason === undefined ? {} : { reason }),
  });
}

function add(
  attempt: Attempt | null,
  counts: Partial<
    Record<'offered' | 'accepted' | 'known' | 'rejected' | 'unreadable' | 'unchanged', number>
  > & { readonly why?: string | undefined },
): Attempt | null {
  if (attempt === null) return null;
  const { offered = 0, accepted = 0, known = 0, rejected = 0, unreadable = 0, unchanged = 0 } = counts;
  return {
    ...attempt,
    offered: attempt.offered + offered,
    accepted: attempt.accepted + accepted,
    known: attempt.known + known,
    rejected: attempt.rejected + rejected,
    unreadable: attempt.unreadable + unreadable,
    unchanged: attempt.unchanged + unchanged,
    ...(attempt.why !== undefined || counts.why === undefined ? {} : { why: counts.why }),
  };
}

export function updateTarget(id: string, row: TargetRow): void {
  targets.put(id, row);
  if (row.waiting > 0 && row.withdrawn !== true) hungry.put(id, true);
  else hungry.delete(id);
}
