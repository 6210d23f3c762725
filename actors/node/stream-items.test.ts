/** Items that are more than size and time: streams with a cursor, and contents that a collector can recognise. */
import { describe, expect, test } from 'vitest';
import { startNode } from '../../tests/harness/node.ts';
import { type Collector, Unchanged, Unreadable } from './collectors/collector.ts';

const minute = 60_000;
const base = { contentType: 'text', source: 'memory:x', domain: 'd', bytes: 1, modifiedMs: 0 } as const;

/** A page with an ETag, that is listed without being asked for. */
function page() {
  const state = { content: 'first content', mark: '"1"', problem: undefined as Error | undefined };
  const marks: (string | undefined)[] = [];
  const collector: Collector = {
    type: 'memory',
    list: async () => [{ name: 'page', bytes: 0, modifiedMs: 0, always: true }],
    read: async (_target, _name, { mark }) => {
      marks.push(mark);
      if (state.problem !== undefined) throw state.problem;
      if (mark === state.mark) throw new Unchanged();
      return { ...base, content: state.content, mark: state.mark };
    },
  };
  return { state, marks, collector };
}

/** Lines that are appended; the cursor is how many were listed. */
function stream() {
  const pieces: string[] = [];
  const cursors: (string | undefined)[] = [];
  const problems = new Map<string, Error>();
  const collector: Collector = {
    type: 'memory',
    list: async (_target, { cursor }) => {
      cursors.push(cursor);
      const items = pieces
        .map((_, at) => ({
          name: `piece${String(at).padStart(4, '0')}`,
          bytes: 1,
          modifiedMs: 0,
          once: true,
        }))
        .slice(Number(cursor ?? 0));
      return { items, cursor: String(pieces.length) };
    },
    read: async (_target, name) => {
      const problem = problems.get(name);
      if (problem !== undefined) throw problem;
      return { ...base, content: pieces[Number(name.slice(5))] ?? '' };
    },
  };
  return { pieces, cursors, problems, collector };
}

describe('a content with a mark', () => {
  test('is asked for with the mark of what was decided, and is not offered again while it is the same', async () => {
    const { state, marks, collector } = page();
    const { begin, collect, intakeStats, target, status } = startNode({}, { collector });
    begin();
    await collect();
    await collect();
    expect(marks).toEqual([undefined, '"1"']);
    expect(target()).toMatchObject({ lastOutcome: 'empty', lastReason: 'all 1 items are unchanged' });
    expect(status().files).toMatchObject({ accepted: 1, reading: 0 });
    Object.assign(state, { content: 'second content', mark: '"2"' });
    await collect();
    await collect();
    expect(marks).toEqual([undefined, '"1"', '"1"', '"2"']);
    expect(intakeStats()).toMatchObject({ collected: 2, accepted: 2 });
  });

  test('that intake refused for now is read whole when it is tried again', async () => {
    const { state, marks, collector } = page();
    const { harness, begin, add, intakeStats, status } = startNode(
      { intake: { hourlyTotal: 1 } },
      { collector },
    );
    begin();
    await add();
    Object.assign(state, { content: 'second content', mark: '"2"' });
    await add('again');
    expect(status().files).toMatchObject({ accepted: 1, retry: 1 });
    harness.advance(61 * minute);
    await harness.settle();
    // Of each target once, and of the second one again: its content was never decided.
    expect(marks.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(intakeStats()).toMatchObject({ accepted: 2 });
  });

  test('that cannot be read for now waits as long as its server says', async () => {
    const { state, marks, collector } = page();
    state.problem = new Unreadable('http_503', { transient: true, retryAfterMs: 20 * minute });
    const { harness, begin, add, collect, target, intakeStats } = startNode({}, { collector });
    begin();
    await add();
    expect(target()).toMatchObject({ lastReason: 'none of 1 items could be read: http_503' });
    await collect();
    expect(target()).toMatchObject({ lastReason: 'all 1 items wait to be tried again' });
    state.problem = undefined;
    harness.advance(20 * minute - 1);
    await harness.settle();
    expect(marks).toHaveLength(1);
    harness.advance(1);
    await harness.settle();
    expect(intakeStats()).toMatchObject({ accepted: 1 });
  });
});

describe('a stream', () => {
  test('is listed from where it was, also over several pages, and its decided pieces are forgotten', async () => {
    const { pieces, cursors, collector } = stream();
    const { harness, begin, collect, intakeStats, status } = startNode(
      { node: { scanPageFiles: 3 } },
      { collector },
    );
    begin();
    for (let n = 0; n < 10; n++) pieces.push(`piece number ${n}`);
    await collect();
    pieces.push('one more piece');
    await collect();
    await collect();
    expect(cursors).toEqual([undefined, '10', '11']);
    expect(intakeStats()).toMatchObject({ accepted: 11, duplicates: 0 });
    expect(harness.ask('node/n1', 'files')).toEqual({ items: [] });
    expect(status().files).toMatchObject({ accepted: 0, waiting: 0, offered: 0 });
    expect(harness.deadLetters).toEqual([]);
  });

  test('keeps a piece that cannot be read for now until it was, however often that fails', async () => {
    const { pieces, problems, collector } = stream();
    const { harness, begin, collect, intakeStats, status } = startNode({}, { collector });
    begin();
    pieces.push('zero', 'one', 'two');
    problems.set('piece0001', new Unreadable('EIO', { transient: true }));
    problems.set('piece0002', new Unreadable('gone'));
    await collect();
    for (let attempt = 0; attempt < 12; attempt++) {
      harness.advance(5 * minute);
      await harness.settle();
    }
    expect(status().files).toMatchObject({ retry: 1, gone: 0 });
    problems.clear();
    harness.advance(5 * minute);
    await harness.settle();
    expect(intakeStats()).toMatchObject({ accepted: 2 });
    expect(harness.ask('node/n1', 'files')).toEqual({ items: [] });
  });
});

test('what a collector gives is checked', async () => {
  const collector: Collector = {
    type: 'memory',
    list: async ({ location }) =>
      (location === 'bad' ? [{ name: '' }] : [{ name: 'x', bytes: 1, modifiedMs: 0 }]) as never,
    read: async () => ({ ...base, content: 5 }) as never,
  };
  const { begin, add, target, harness } = startNode({}, { collector });
  begin();
  await add('good');
  expect(target()).toMatchObject({ lastReason: 'none of 1 items could be read: invalid_item' });
  await add('bad');
  const targets = harness.ask('orchestrator/main', 'targets') as {
    target: { location: string };
    lastReason: string;
  }[];
  expect(targets.find((row) => row.target.location === 'bad')?.lastReason).toMatch(
    /^collector.invalid: The list of the collector memory .*items.0.name/,
  );
});
