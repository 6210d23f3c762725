import { describe, expect, test } from 'vitest';
import { placeActor, supervisor } from './declaration.ts';
import { worker, type WorkerOptions } from './worker-declaration.ts';

const module = '/app/embedder.worker.ts';

describe('declaring workers', () => {
  test('gives plain data with defaults filled in', () => {
    const declared = worker('embedder', { module: new URL('file:///app/embedder.worker.ts') });
    expect(JSON.parse(JSON.stringify(declared))).toEqual({
      type: 'worker',
      id: 'embedder',
      module: 'file:///app/embedder.worker.ts',
      restart: 'permanent',
      shutdownMs: 5_000,
      significant: false,
      answerMs: 30_000,
      env: {},
    });
    const chosen = {
      restart: 'transient',
      shutdownMs: 0,
      answerMs: 50,
      env: { A: 'b' },
      heapMb: 64,
    } as const;
    expect(worker('w', { module, ...chosen })).toEqual({
      significant: false,
      type: 'worker',
      id: 'w',
      module: 'file:///app/embedder.worker.ts',
      ...chosen,
    });
  });

  test('they stand beside actors and supervisors, and are nobody to place', () => {
    const heavy = supervisor('heavy', { children: [worker('embedder', { module })] });
    const tree = supervisor('app', { children: ['counter/main', worker('parser', { module }), heavy] });
    expect(tree.children.map((child) => ('id' in child ? child.id : child.kind))).toEqual([
      'counter',
      'parser',
      'heavy',
    ]);
    expect(placeActor(tree, 'counter/main')).toEqual(['app']);
    expect(placeActor(tree, 'worker/n1:parser')).toEqual(['app']);
  });

  test.each<[string, Partial<WorkerOptions>]>([
    ['a/b', {}],
    ['', {}],
    ['w', { module: './relative.ts' }],
    ['w', { module: 'https://example.com/w.ts' }],
    ['w', { module: 'data:text/javascript,0' }],
    ['w', { restart: 'sometimes' as 'permanent' }],
    ['w', { shutdownMs: -1 }],
    ['w', { shutdownMs: Number.POSITIVE_INFINITY }],
    ['w', { answerMs: 0 }],
    ['w', { answerMs: 1.5 }],
    ['w', { answerMs: 2 ** 31 }],
    ['w', { heapMb: 1 }],
    ['w', { env: { 'A=B': 'c' } }],
    ['w', { env: { A: 'b\0c' } }],
    ['w', { env: { A: 5 as unknown as string } }],
  ])('refuses what has no meaning: %j %o', (id, options) => {
    expect(() => worker(id, { module, ...options })).toThrow(
      expect.objectContaining({ code: 'definition.invalid' }),
    );
  });

  test('an id is unique in the tree, also among supervisors', () => {
    const twice = expect.objectContaining({ code: 'definition.invalid' });
    const w = worker('w', { module });
    expect(() => supervisor('app', { children: [w, w] })).toThrow(twice);
    expect(() => supervisor('w', { children: [w] })).toThrow(twice);
    const below = supervisor('below', { children: [w] });
    expect(() => supervisor('app', { children: [below, w] })).toThrow(twice);
  });
});
