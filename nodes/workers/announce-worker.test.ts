import { expect, test } from 'vitest';
import { BanyanError } from '../../protocol/errors.ts';
import type { FrameRecord } from '../../protocol/frame.ts';
import { announceWorker } from './announce-worker.ts';

/** An announcer whose log fails as told, attempt by attempt. */
function announcer(...failures: (BanyanError | undefined)[]) {
  const stored: FrameRecord[] = [];
  const lost: unknown[] = [];
  let closed = false;
  const announce = announceWorker({
    run: 'r',
    node: 'n 1',
    append: async (record) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      stored.push(record);
    },
    closed: () => closed,
    onLost: (error) => lost.push(error),
  });
  return { announce, stored, lost, close: () => (closed = true) };
}

const FOR_EVER = 2 ** 31 - 1;
const away = () => new BanyanError('log.unavailable');

test('ups and downs are orders at the address of the worker, in order, whatever the broker does meanwhile', async () => {
  const { announce, stored, lost } = announcer(away(), new BanyanError('log.full'), undefined, away());
  announce.onUp('my_w', 1);
  announce.onDown('my_w', 1, {
    kind: 'error',
    error: new BanyanError('worker.hung', { message: 'It hung.' }),
  });
  announce.onUp('my_w', 2);
  announce.onDown('my_w', 2, { kind: 'shutdown' });
  await announce.settled(FOR_EVER);
  expect(lost).toEqual([]);
  const to = 'worker/n_201:my_5fw';
  expect(stored).toEqual([
    { kind: 'control', to, message: { type: 'worker.up', incarnation: 'r.1' } },
    {
      kind: 'control',
      to,
      message: {
        type: 'worker.down',
        incarnation: 'r.1',
        reason: { kind: 'error', code: 'worker.hung', message: 'It hung.' },
      },
    },
    { kind: 'control', to, message: { type: 'worker.up', incarnation: 'r.2' } },
    {
      kind: 'control',
      to,
      message: { type: 'worker.down', incarnation: 'r.2', reason: { kind: 'shutdown' } },
    },
  ]);
});

test('what can never be stored is given up, and what follows is not', async () => {
  const refused = new BanyanError('broker.permission');
  const { announce, stored, lost } = announcer(refused);
  announce.onUp('w', 1);
  announce.onUp('w', 2);
  await announce.settled(FOR_EVER);
  expect(lost).toEqual([refused]);
  expect(stored).toMatchObject([{ message: { incarnation: 'r.2' } }]);
});

test('without a connection nothing is tried again', async () => {
  const failure = away();
  const { announce, lost, close } = announcer(failure);
  close();
  announce.onUp('w', 1);
  await announce.settled(FOR_EVER);
  expect(lost).toEqual([failure]);
});
