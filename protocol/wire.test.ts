import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BanyanError } from './errors.ts';
import {
  actorStatusSchema,
  askReplySchema,
  callReplySchema,
  deadLetterSchema,
  healthReplySchema,
  submitReplySchema,
  treeReplySchema,
} from './wire.ts';

const failed = { ok: false, error: new BanyanError('overload', { retryAfterMs: 50 }).toWire() };

describe('replies', () => {
  test('every kind of reply can be an error', () => {
    for (const schema of [submitReplySchema, callReplySchema, askReplySchema]) {
      expect(schema.parse(failed)).toEqual(failed);
    }
  });

  test('a submit says where the message is stored, a call its value, an ask also how fresh it is', () => {
    expect(submitReplySchema.parse({ ok: true, seq: 5 })).toEqual({ ok: true, seq: 5 });
    expect(callReplySchema.parse({ ok: true, value: [1] })).toEqual({ ok: true, value: [1] });
    const fresh = { ok: true, value: null, epoch: 3, cursor: { seq: 9, index: 0 } };
    expect(askReplySchema.parse(fresh)).toEqual(fresh);
    expect(submitReplySchema.safeParse({ ok: true }).success).toBe(false);
    expect(askReplySchema.safeParse({ ok: true, value: 1 }).success).toBe(false);
  });
});

test('the documented tree is a tree reply', () => {
  const leaf = {
    id: 'coordinator/main',
    type: 'actor',
    path: 'n1/shard-0/coordinator/main',
    kind: 'coordinator',
    status: 'running',
    state: 'ready',
    restart: 'permanent',
    restarts: 0,
    buffered: 0,
    partition: 7,
    cursor: { seq: 1234, index: 0 },
  };
  const root = {
    id: 'n1',
    type: 'supervisor',
    path: 'n1',
    strategy: 'one_for_one',
    status: 'running',
    restarts: 0,
    intensity: { max: 3, windowMs: 5000, used: 0 },
    childCount: 1,
    children: [leaf],
  };
  const hardware = { cpus: 2, memoryBytes: 0, devices: [] };
  const tree = {
    namespace: 'banyan',
    version: '0.1.0',
    at: '2026-01-01T00:00:00.000Z',
    nodes: [{ id: 'n1', status: 'active', labels: {}, hardware, tree: root }],
    partitions: [{ id: 7, owner: 'n1', epoch: 3, lagEntries: 0 }],
  };
  expect(treeReplySchema.parse(tree)).toEqual(tree);
  const wrong = {
    ...tree,
    nodes: [{ ...tree.nodes[0], tree: { ...root, children: [{ ...leaf, status: 'odd' }] } }],
  };
  expect(treeReplySchema.safeParse(wrong).success).toBe(false);
});

test('a dead letter says what was wrong with which entry, and keeps the bytes and what they decode to', () => {
  const undecodable = {
    type: 'dead-letter',
    id: '3.17.0.0',
    to: null,
    at: 1,
    partition: 3,
    entry: 17,
    index: 0,
    subject: 'banyan.log.3.counter.a',
    internal: false,
    error: new BanyanError('message.malformed').toWire(),
    body: Uint8Array.of(0xc1),
  };
  expect(deadLetterSchema.parse(undecodable)).toEqual(undecodable);
  const decoded = {
    ...undecodable,
    to: 'counter/a',
    message: { type: 'add' },
    stack: 'Error',
    sender: 'counter/b',
  };
  expect(deadLetterSchema.parse(decoded)).toEqual(decoded);
  const { body: _, ...without } = undecodable;
  expect(deadLetterSchema.safeParse(without).success).toBe(false);
  expect(deadLetterSchema.safeParse({ ...undecodable, body: 'text' }).success).toBe(false);
});

test('replies have JSON Schemas', () => {
  for (const schema of [
    submitReplySchema,
    callReplySchema,
    askReplySchema,
    treeReplySchema,
    healthReplySchema,
  ]) {
    expect(z.toJSONSchema(schema)).toHaveProperty('$schema');
  }
  expect(z.toJSONSchema(actorStatusSchema)).toMatchObject({ type: 'object' });
});
