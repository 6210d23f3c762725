/** Rows of older versions: migrated as they are read, or kept until somebody can read them. */
import { describe, expect, test } from 'vitest';
import { tell } from './effects.ts';
import { A, broken, correct, deposit, SECOND, upgradedTo } from './releases.fixture.ts';

describe('a row of an older version', () => {
  test('is migrated as it is read, in queries and turns; only what is written changes in the store', async () => {
    const { ask, send, rows } = await upgradedTo(SECOND);
    const old = (amount: number) => ({ cents: amount * 100, note: 'of the first release' });
    expect(await ask('deposits')).toEqual([old(1), old(2), old(3)]);
    expect(rows().map(({ version }) => version)).toEqual([1, 1, 1]);
    await send(correct(2, 'action'), deposit(4, 'new'));
    expect(rows().map(({ version }) => version)).toEqual([1, 2, 1, 2]);
    const corrected = { cents: 200, note: 'of the first release, corrected' };
    expect(await ask('deposits')).toEqual([old(1), corrected, old(3), { cents: 400, note: 'new' }]);
  });

  test('is migrated in a range that a turn writes behind', async () => {
    const { ask, send, rows } = await upgradedTo(SECOND);
    await send(correct(3, 'range'));
    expect(rows().map(({ version }) => version)).toEqual([2, 2, 2]);
    const notes = ((await ask('deposits')) as { note: string }[]).map(({ note }) => note);
    expect(new Set(notes)).toEqual(new Set(['of the first release, corrected']));
  });

  test('is migrated over several versions by whoever knows them all', async () => {
    const at = await upgradedTo(SECOND);
    await at.send(correct(1, 'action'));
    const seen: number[] = [];
    await at.release({
      ...SECOND,
      tableVersion: 700,
      migrateRow: (row, from) => {
        seen.push(from);
        return from === 1 ? SECOND.migrateRow(row) : row;
      },
    });
    expect(await at.ask('deposits')).toHaveLength(3);
    expect(seen).toEqual([2, 1, 1]);
    await at.send(correct(3, 'range'));
    expect(at.rows().map(({ version }) => version)).toEqual([700, 700, 700]);
  });

  test('that was migrated reads as it will once it is written', async () => {
    const at = await upgradedTo({
      ...SECOND,
      migrateRow: ({ amount }) => ({ cents: amount, note: new Map([['of', 'the first release']]) }),
    });
    expect(await at.ask('deposits')).toContainEqual({ cents: 1, note: { of: 'the first release' } });
  });
});

describe('a row that cannot be read', () => {
  const reason = (key: string) =>
    `The row "${key}" of the table 'deposits' could not be migrated from version 1 to 2: forgot how it was`;

  test.each(['action', 'guard', 'try', 'range'])(
    'parks its actor, and what comes behind waits in order, whatever the %s that reads it makes of it',
    async (where) => {
      const { send, actor, rows, release, order, ask, deadLetters } = await upgradedTo(broken('migrateRow'));
      await send(deposit(4, 'before'), correct(1, where), deposit(5, 'behind'), deposit(6, 'last'));
      expect(actor()).toMatchObject({ status: 'failed', buffered: 3, reason: reason('000001') });
      // The turn is undone as a whole.
      expect(rows().map(({ version }) => version)).toEqual([1, 1, 1, 2]);
      // Who resumes it too early changes nothing.
      await order('resume');
      expect(actor()).toMatchObject({ status: 'failed', buffered: 3, reason: reason('000001') });
      await release(SECOND);
      expect(actor()).toMatchObject({ status: 'failed', buffered: 3 });
      await order('resume');
      expect(actor()).toMatchObject({ status: 'running', buffered: 0 });
      const notes = ((await ask('deposits')) as { note: string }[]).map(({ note }) => note);
      expect(notes[0]).toBe('of the first release, corrected');
      expect(notes.slice(3)).toEqual(['before', 'behind', 'last']);
      expect(deadLetters()).toBe(0);
    },
  );

  test('is no matter for turns that do not read it', async () => {
    const { send, actor, ask } = await upgradedTo(broken('migrateRow'));
    await send(deposit(4));
    expect(actor()).toMatchObject({ status: 'running' });
    expect(await ask('state')).toMatchObject({ context: { cents: 1_000, times: 4 } });
  });

  test('fails the queries that read it, also those that would not notice', async () => {
    const { ask } = await upgradedTo(broken('migrateRow'));
    for (const query of ['deposits', 'swallow'])
      await expect(ask(query)).rejects.toMatchObject({
        code: 'snapshot.migration',
        message: reason('000001'),
      });
  });

  test('of a newer version says both versions', async () => {
    const at = await upgradedTo(SECOND);
    await at.send(deposit(4));
    await at.release({ ...SECOND, tableVersion: 1 });
    const said = `The row "000004" of the table 'deposits' has version 2, the table 1.`;
    await expect(at.ask('deposits')).rejects.toMatchObject({ code: 'snapshot.version', message: said });
    await at.send(correct(4, 'action'));
    expect(at.actor()).toMatchObject({ status: 'failed', reason: said, buffered: 1 });
  });

  test('because nothing migrates it says so', async () => {
    const { migrateRow: _, ...unable } = SECOND;
    const { ask } = await upgradedTo(unable);
    await expect(ask('deposits')).rejects.toMatchObject({
      code: 'snapshot.version',
      message: `The row "000001" of the table 'deposits' has version 1, the table 2, which has no migrate().`,
    });
  });

  test.each([
    ['returns nothing', () => undefined, /it returned nothing/],
    ['returns what cannot be stored', () => Symbol('row'), /cannot be encoded/],
    ['has effects', () => tell(A, { type: 'fail' }), /while a turn or a query is running/],
  ])('because migrate() %s parks its actor', async (_how, migrateRow, said) => {
    const { send, actor } = await upgradedTo({ ...SECOND, migrateRow });
    await send(correct(1, 'action'));
    expect(actor()).toMatchObject({ status: 'failed', buffered: 1, reason: expect.stringMatching(said) });
  });

  test('among the messages that wait stops them there: each is turned once, in order', async () => {
    const at = await upgradedTo(SECOND);
    await at.order('pause');
    await at.send(deposit(4, 'a'), correct(1, 'action'), deposit(5, 'b'));
    await at.release(broken('migrateRow'));
    await at.order('resume');
    expect(at.actor()).toMatchObject({ status: 'failed', buffered: 2, reason: reason('000001') });
    await at.send(deposit(6, 'c'));
    await at.release(SECOND);
    await at.order('resume');
    const notes = ((await at.ask('deposits')) as { note: string }[]).map(({ note }) => note);
    expect(notes).toEqual([
      'of the first release, corrected',
      'of the first release',
      'of the first release',
      'a',
      'b',
      'c',
    ]);
    expect(at.actor()).toMatchObject({ status: 'running', buffered: 0 });
  });
});
