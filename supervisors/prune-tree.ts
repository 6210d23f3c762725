/** Narrows a tree to what was asked for and to what one reply may hold. */
import { LIMITS } from '../config/limits.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { TreeNode } from './tree.ts';

/** Everything is optional; together they narrow. */
export interface TreeQuery {
  /** Levels shown below the selected node; 0 shows it alone. */
  readonly depth?: number | undefined;
  /** Selects the node with this path instead of the root. */
  readonly path?: string | undefined;
  /** Only actors of this kind, and the supervisors above them. */
  readonly kind?: string | undefined;
  /** Children shown of each node. */
  readonly limit?: number | undefined;
  /** Shows the selected node's children that come after the one with this id. */
  readonly after?: string | undefined;
}

/**
 * The part of `tree` that `query` selects, as JSON no longer than `maxBytes`. Where the size forces a choice,
 * upper levels win over lower ones and earlier children over later ones. `childCount` always counts all
 * children; `childrenTruncated` marks nodes that do not show all of them.
 * Throws `actor.not_found` when there is nothing at the path.
 */
export function pruneTree(
  tree: TreeNode,
  query: TreeQuery = {},
  maxBytes: number = LIMITS.replyBytes,
): TreeNode {
  const selected = query.path === undefined ? tree : nodeAt(tree, query.path);
  if (selected === undefined) {
    throw new BanyanError('actor.not_found', {
      message: `There is nothing at the path '${query.path ?? ''}'`,
      hint: 'See the paths with "banyan tree".',
    });
  }
  const narrowed = narrow(selected, query, query.depth ?? Number.POSITIVE_INFINITY, query.after);
  return fit(narrowed, maxBytes);
}

/** The node with a path; ids of actors contain slashes, so the path is compared as a whole. */
export function nodeAt(tree: TreeNode, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = tree;
  while (node !== undefined && node.path !== path) {
    node = node.children?.find((child) => path === child.path || path.startsWith(`${child.path}/`));
  }
  return node;
}

function narrow(node: TreeNode, query: TreeQuery, depth: number, after?: string): TreeNode {
  const all = node.children;
  if (all === undefined) return node;
  if (depth <= 0) return showing(node, []);
  const previous = after === undefined ? -1 : all.findIndex((child) => child.id === after);
  const matching = all
    .slice(previous + 1)
    .filter((child) => query.kind === undefined || holdsKind(child, query.kind));
  return showing(
    node,
    matching.slice(0, query.limit ?? matching.length).map((child) => narrow(child, query, depth - 1)),
  );
}

function holdsKind(node: TreeNode, kind: string): boolean {
  return node.kind === kind || (node.children ?? []).some((child) => holdsKind(child, kind));
}

function showing(node: TreeNode, children: readonly TreeNode[]): TreeNode {
  const { childrenTruncated = false, ...rest } = node;
  const all = node.children?.length ?? 0;
  const truncated = childrenTruncated || children.length < all;
  return {
    ...rest,
    childCount: node.childCount ?? all,
    children,
    ...(truncated ? { childrenTruncated: true } : {}),
  };
}

interface Kept {
  readonly node: TreeNode;
  readonly children: Kept[];
}

/** Takes nodes level by level while they fit; the first that does not ends its parent's list and all after it. */
function fit(tree: TreeNode, maxBytes: number): TreeNode {
  const root: Kept = { node: tree, children: [] };
  let roomBytes = maxBytes - ownBytes(tree);
  const queue: Kept[] = [root];
  for (const parent of queue) {
    for (const node of parent.node.children ?? []) {
      roomBytes -= ownBytes(node);
      if (roomBytes < 0) return assemble(root);
      const kept: Kept = { node, children: [] };
      parent.children.push(kept);
      queue.push(kept);
    }
  }
  return assemble(root);
}

function assemble({ node, children }: Kept): TreeNode {
  return node.children === undefined ? node : showing(node, children.map(assemble));
}

/** A node's JSON without its children, as long as it can get, and the comma before it. */
function ownBytes(node: TreeNode): number {
  const own =
    node.children === undefined
      ? node
      : {
          ...node,
          childCount: node.childCount ?? node.children.length,
          children: [],
          childrenTruncated: true,
        };
  return Buffer.byteLength(JSON.stringify(own)) + 1;
}
