import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Reply, startIntake as start, text } from '../../tests/harness/intake.ts';

describe('submission', () => {
  test('answers when the coordinator has decided, with counts by outcome', () => {
    const { submit } = start();
    expect(submit([text('one'), text('two'), text('ONE')])).toEqual({
      accepted: 2,
      duplicates: 1,
      corroborated: 0,
      rejected: [],
    });
    expect(submit([text('one')], 'beta')).toMatchObject({ corroborated: 1 });
  });

  test('a bad item is rejected by its index and path, the others go on', () => {
    const { submit } = start();
    const reply = submit([
      text('good'),
      { contentType: 'song', content: 'la' },
      text(' \n\t'),
      'not even a map',
      { ...text('sure'), confidence: 2 },
      { contentType: 'text', content: { ref: 'x', sha256: '0'.repeat(64), bytes: 3 } },
    ]);
    expect(reply?.accepted).toBe(1);
    expect(
      reply?.rejected.map(({ index, error }) => [index, error.code, error.path, error.recoverable]),
    ).toEqual([
      [1, 'artifact.invalid', 'artifacts.1.contentType', false],
      [2, 'artifact.invalid', 'artifacts.2.content', false],
      [3, 'artifact.invalid', 'artifacts.3', false],
      [4, 'artifact.invalid', 'artifacts.4.confidence', false],
      [5, 'artifact.invalid', 'artifacts.5.content.ref', false],
    ]);
  });

  test('items reach the coordinator in order, with identity, domain, source and an excerpt of 2,000 characters', () => {
    const { harness, submit } = start();
    submit([
      { ...text('word '.repeat(1_000)), source: 'file:///a', metadata: { domain: 'security' } },
      text('plain'),
    ]);
    const [long, short] = (
      harness.ask('coordinator/main', 'artifacts') as Record<string, unknown>[]
    ).toSorted((a, b) => Number(b['contentBytes']) - Number(a['contentBytes']));
    expect(long).toMatchObject({
      domain: 'security',
      source: 'file:///a',
      complete: false,
      contentBytes: 5_000,
    });
    expect(String(long?.['excerpt']).length).toBeLessThanOrEqual(2_000);
    expect(short).toMatchObject({
      domain: 'general',
      source: 'node:alpha',
      complete: true,
      confidence: 0.5,
      threat: 0,
    });
  });

  test('a submission whose features do not fit one message is offered in several, and answered once', () => {
    const { harness, submit } = start();
    const items = Array.from({ length: 200 }, (_, n) => text(`${n} ${'x'.repeat(1_100)}`));
    expect(submit(items)).toMatchObject({ accepted: 200 });
    expect((harness.ask('coordinator/main', 'stats') as { offers: number }).offers).toBeGreaterThan(1);
    expect(harness.replies).toHaveLength(1);
  });

  test('a named collection has its own coordinator', () => {
    const { harness } = start();
    harness.tell('intake/main', {
      type: 'artifact.submit',
      node: 'a',
      collection: 'papers',
      artifacts: [text('x')],
    });
    expect(harness.ask('coordinator/papers', 'stats')).toEqual({ offers: 1 });
  });

  test('totals are exact: what was collected or retried was decided or is pending', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            node: fc.constantFrom('a', 'b'),
            items: fc.array(fc.constantFrom('one', 'two', 'three', ' ', 'four', 'five'), {
              minLength: 1,
              maxLength: 8,
            }),
            exempt: fc.boolean(),
            retries: fc.nat(3),
          }),
          { maxLength: 12 },
        ),
        (submissions) => {
          const { harness, stats } = start({ nodeMin: 5, nodeBase: 5, hourlyTotal: 8 });
          for (const { node, items, exempt, retries } of submissions) {
            const artifacts = items.map(text);
            harness.tell('intake/main', {
              type: 'artifact.collected',
              node,
              batch: 'b',
              exempt,
              retries,
              artifacts,
            });
          }
          const s = stats();
          expect((s['collected'] ?? 0) + (s['retried'] ?? 0)).toBe(
            ['accepted', 'duplicates', 'corroborated', 'rejected', 'pending'].reduce(
              (sum, name) => sum + (s[name] ?? 0),
              0,
            ),
          );
          expect(s['pending']).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('overload', () => {
  test('while too much is undecided everything is refused as overload, with a time to come back', async () => {
    const { harness, submit, stats } = start({ pendingMax: 2, overloadRetryMs: 5_000 });
    const reference = await harness.content.put(Buffer.from('by reference'));
    const slow = { contentType: 'text', content: { ...reference } };
    expect(submit([slow, slow])).toBeUndefined();
    expect(stats()).toMatchObject({ state: 'saturated', pending: 2 });
    expect(submit([text('x')])).toMatchObject({
      accepted: 0,
      rejected: [
        {
          error: {
            code: 'overload',
            recoverable: true,
            message: '2 items wait for a decision, and more than 2 may not.',
            hint: expect.stringContaining('submit less at a time'),
          },
        },
      ],
      retryAfterMs: 5_000,
    });
    await harness.settle();
    expect(stats()).toMatchObject({ state: 'accepting', pending: 0, accepted: 1, duplicates: 1 });
    expect(submit([text('x')])).toMatchObject({ accepted: 1 });
  });
});

describe('content by reference', () => {
  test('is the same artifact as the same content sent inline', async () => {
    const { harness, submit, stats } = start();
    submit([text('The whole content')]);
    const reference = await harness.content.put(Buffer.from('the  whole content'));
    submit([{ contentType: 'text', content: reference }]);
    await harness.settle();
    expect(harness.replies.at(-1)?.value).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(stats()).toMatchObject({ collected: 2, pending: 0 });
  });

  test('missing, mismatching, empty and non-text objects are rejected by index', async () => {
    const { harness, submit } = start();
    const sha256 = createHash('sha256').update('never stored').digest('hex');
    const stored = await harness.content.put(Buffer.from('stored'));
    const empty = await harness.content.put(Buffer.from('  '));
    const binary = await harness.content.put(Uint8Array.from([0xff, 0xfe]));
    const item = (content: object) => ({ contentType: 'text', content });
    submit([
      item({ ref: sha256, sha256, bytes: 12 }),
      item({ ...stored, bytes: 99 }),
      item(empty),
      item(binary),
      item(stored),
    ]);
    await harness.settle();
    const reply = harness.replies.at(-1)?.value as Reply;
    expect(reply.accepted).toBe(1);
    expect(reply.rejected.map(({ index, error }) => [index, error.code])).toEqual(
      [0, 1, 2, 3].map((n) => [n, 'artifact.invalid']),
    );
  });

  test('is announced with its excerpt and size', async () => {
    const { harness, submit } = start();
    const big = 'some words '.repeat(40_000);
    const reference = await harness.content.put(Buffer.from(big));
    submit([{ contentType: 'text', content: reference, metadata: { domain: 'd' } }]);
    await harness.settle();
    const [artifact] = harness.ask('coordinator/main', 'artifacts') as Record<string, unknown>[];
    expect(artifact).toMatchObject({ domain: 'd', complete: false, contentBytes: big.length });
    expect(harness.ask('intake/main', 'content', { id: artifact?.['id'] })).toMatchObject({
      content: null,
      ref: reference,
    });
  });

  test('when the object store fails, the sender is asked to come back', async () => {
    const { harness, submit, stats } = start();
    const reference = await harness.content.put(Buffer.from('later'));
    harness.content.get = async () => {
      throw new Error('connection closed');
    };
    submit([{ contentType: 'text', content: reference }]);
    await harness.settle();
    expect(harness.replies.at(-1)?.value).toMatchObject({
      rejected: [{ index: 0, error: { code: 'task.failed', recoverable: true } }],
      retryAfterMs: 5_000,
    });
    expect(stats()).toMatchObject({ pending: 0, rejectedBy: { other: 1 } });
  });
});

describe('evidence', () => {
  const criticGot = (harness: ReturnType<typeof start>['harness']) =>
    harness.deadLetters.filter(({ to }) => to === 'critic/main').map(({ message }) => message);

  test('is looked up in the whole content, not in the excerpt', () => {
    const { harness, submit } = start();
    submit([text(`${'filler '.repeat(1_000)} the needle`)]);
    const [artifact] = harness.ask('coordinator/main', 'artifacts') as { id: string }[];
    const check = {
      type: 'evidence.check',
      scenario: 's1',
      artifact: artifact?.id,
      terms: ['needle', 'haystack'],
      quotes: ['the needle'],
    };
    harness.tell('intake/main', check);
    expect(criticGot(harness)).toEqual([
      {
        type: 'evidence.result',
        scenario: 's1',
        exists: true,
        hashMatches: true,
        missingTerms: ['haystack'],
        missingQuotes: [],
      },
    ]);
  });

  test('of an artifact that intake never had does not exist', () => {
    const { harness } = start();
    harness.tell('intake/main', {
      type: 'evidence.check',
      scenario: 's',
      artifact: 'f'.repeat(64),
      terms: ['t'],
      quotes: [],
    });
    expect(criticGot(harness)).toMatchObject([{ exists: false, hashMatches: false, missingTerms: ['t'] }]);
  });

  test('by reference is read from the object store, again if it fails, and missing in the end', async () => {
    const { harness, submit } = start();
    const reference = await harness.content.put(Buffer.from('proof by reference'));
    submit([{ contentType: 'text', content: reference }]);
    await harness.settle();
    const [artifact] = harness.ask('coordinator/main', 'artifacts') as { id: string }[];
    const check = {
      type: 'evidence.check',
      scenario: 's1',
      artifact: artifact?.id,
      terms: ['proof'],
      quotes: [],
    };
    const get = harness.content.get.bind(harness.content);
    harness.content.get = async () => {
      throw new Error('connection closed');
    };
    harness.tell('intake/main', check);
    await harness.settle();
    expect(criticGot(harness)).toEqual([]);
    harness.content.get = get;
    harness.advance(5_000);
    await harness.settle();
    expect(criticGot(harness)).toMatchObject([{ exists: true, hashMatches: true, missingTerms: [] }]);
    harness.content.get = async () => {
      throw new Error('connection closed');
    };
    harness.tell('intake/main', { ...check, scenario: 's2' });
    for (let attempt = 0; attempt < 5; attempt++) {
      await harness.settle();
      harness.advance(5_000);
    }
    expect(criticGot(harness)).toHaveLength(2);
    expect(criticGot(harness)[1]).toMatchObject({ scenario: 's2', exists: false });
  });
});
