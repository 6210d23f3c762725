import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pruneTree } from './prune-tree.ts';
import type { TreeNode } from './tree.ts';

function branch(id: string, children: readonly TreeNode[]): TreeNode {
  const intensity = { max: 3, windowMs: 5000, used: 0 };
  return {
    id,
    type: 'supervisor',
    path: id,
    status: 'running',
    restarts: 0,
    strategy: 'one_for_one',
    intensity,
    childCount: children.length,
    children,
  };
}

function leaf(address: string): TreeNode {
  return {
    id: address,
    type: 'actor',
    path: address,
    status: 'running',
    restarts: 0,
    kind: address.split('/')[0] ?? '',
    state: 'ready',
  };
}

/** Gives every node the path of its ids. */
function placed(node: TreeNode, above = ''): TreeNode {
  const path = above === '' ? node.id : `${above}/${node.id}`;
  return {
    ...node,
    path,
    ...(node.children === undefined ? {} : { children: node.children.map((child) => placed(child, path)) }),
  };
}

const tree = placed(
  branch('n1', [
    branch('app', [leaf('coordinator/main'), leaf('critic/a'), leaf('critic/b'), leaf('critic/c')]),
    branch('system', []),
  ]),
);

describe('pruning a tree', () => {
  test('asks nothing, changes nothing', () => {
    expect(pruneTree(tree)).toEqual(tree);
  });

  test('a path selects a node, also one whose id has a slash', () => {
    expect(pruneTree(tree, { path: 'n1/app/critic/b' }).id).toBe('critic/b');
    expect(() => pruneTree(tree, { path: 'n1/ap' })).toThrow(
      expect.objectContaining({ code: 'actor.not_found' }),
    );
  });

  test('depth cuts levels and says so', () => {
    const pruned = pruneTree(tree, { depth: 1 });
    expect(pruned.childrenTruncated).toBeUndefined();
    expect(pruned.children).toMatchObject([
      { id: 'app', childCount: 4, children: [], childrenTruncated: true },
      { id: 'system', childCount: 0, children: [] },
    ]);
  });

  test('a kind keeps its actors and the supervisors above them', () => {
    const pruned = pruneTree(tree, { kind: 'critic' });
    expect(pruned.children?.map(({ id }) => id)).toEqual(['app']);
    expect(pruned.children?.[0]?.children?.map(({ id }) => id)).toEqual(['critic/a', 'critic/b', 'critic/c']);
  });

  test('limit and after walk through the children page by page', () => {
    const page = (after?: string): readonly string[] =>
      pruneTree(tree, { path: 'n1/app', limit: 3, after }).children?.map(({ id }) => id) ?? [];
    expect(page()).toEqual(['coordinator/main', 'critic/a', 'critic/b']);
    expect(page('critic/b')).toEqual(['critic/c']);
  });

  test('law: the JSON fits, and what is shown of each list is its beginning', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { maxLength: 15 }),
        fc.integer({ min: 400, max: 8000 }),
        (sizes, maxBytes) => {
          const wide = placed(
            branch(
              'n1',
              sizes.map((size, group) =>
                branch(
                  `g${group}`,
                  Array.from({ length: size }, (_, index) => leaf(`kind/ü${index}`)),
                ),
              ),
            ),
          );
          const pruned = pruneTree(wide, {}, maxBytes);
          expect(Buffer.byteLength(JSON.stringify(pruned))).toBeLessThanOrEqual(maxBytes);
          const check = (whole: TreeNode, part: TreeNode): void => {
            expect(part.childCount).toBe(whole.childCount);
            const shown = part.children ?? [];
            expect(part.childrenTruncated ?? false).toBe(shown.length < (whole.children?.length ?? 0));
            for (const [index, child] of shown.entries()) check(whole.children?.[index] ?? child, child);
          };
          check(wide, pruned);
        },
      ),
    );
  });
});
