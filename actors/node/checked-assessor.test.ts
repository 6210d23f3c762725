import { expect, test } from 'vitest';
import { checkedAssessor } from './checked-assessor.ts';

const item = { content: 'text', contentType: 'text', domain: 'd', source: 's' };

test('what an assessor of the user’s own leaves out is filled in', async () => {
  const own = checkedAssessor(() => ({ threat: 1, opportunity: 2, confidence: 0.5 }), 'own.ts');
  expect(await own(item)).toEqual({
    ...{ threat: 1, opportunity: 2, confidence: 0.5 },
    fired: { threat: [], opportunity: [] },
    method: 'own',
  });
});

test.each([
  ['a threat above 10', () => ({ threat: 11, opportunity: 0, confidence: 0.5 })],
  ['no confidence', () => ({ threat: 1, opportunity: 0 })],
  [
    'an error',
    () => {
      throw new Error('no idea');
    },
  ],
])('%s makes the item unreadable', async (_what, assess) => {
  const own = checkedAssessor(assess, 'own.ts');
  await expect(Promise.resolve().then(() => own(item))).rejects.toMatchObject({ reason: 'not_assessed' });
});
