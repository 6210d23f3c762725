/** A message that ends its shard while the shard is still opening other partitions does not keep a node from starting. */
import { expect, test } from 'vitest';
import { useSystem } from '../harness/test-node.ts';

/** So many that the first is read long before the last is open. */
const system = useSystem({ partitions: 256, shards: 1 });

test('a message that ends its shard before every partition is open becomes a dead letter, and the node runs', async () => {
  const [victim] = system.neighbours(0, 1, 'early');
  await system.stop();
  await system.tell(victim, { type: 'recurse' });
  await system.tell(victim, { type: 'add', amount: 1 });
  await system.start();
  expect(await system.deadLetter(victim)).toMatchObject({ error: { code: 'turn.stack' } });
  await system.idle();
  expect(await system.total(victim)).toEqual({ total: 1, times: 1 });
});
