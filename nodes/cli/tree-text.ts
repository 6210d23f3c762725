/** The supervisor tree as text: one line per node, drawn with lines. */
import type { TreeReply, WireTreeNode } from '../../protocol/wire.ts';
import { formatState } from './actor-state.ts';
import type { Output } from './output.ts';
import { visible } from './table.ts';

type Paint = Output['style'];

const COLOUR = {
  running: 'green',
  parked: 'yellow',
  backoff: 'yellow',
  paused: 'yellow',
  passivated: 'gray',
  failed: 'red',
} as const;

export function formatTree({ namespace, version, nodes, partitions }: TreeReply, paint: Paint): string {
  const lag = partitions.reduce((sum, { lagEntries }) => sum + lagEntries, 0);
  const orphans = partitions.filter(({ owner }) => owner === null).length;
  const lines = [
    `${paint('bold', visible(namespace))} ${version}  ${partitions.length} partitions, ${lag} entries behind` +
      (orphans === 0 ? '' : paint('red', `, ${orphans} without an owner`)),
  ];
  for (const { id, status, labels, tree } of nodes) {
    const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    lines.push(`${paint('bold', visible(id))} ${[status, ...label].map(visible).join(' ')}`);
    // Asked for a path, a node shows what is there instead of itself.
    if (tree.path !== id) lines.push(`└─ ${describe(tree, paint)}`);
    draw(tree, tree.path === id ? '' : '   ', paint, lines);
  }
  return lines.join('\n');
}

function draw(node: WireTreeNode, indent: string, paint: Paint, lines: string[]): void {
  const children = node.children ?? [];
  const hidden = (node.childCount ?? children.length) - children.length;
  children.forEach((child, index) => {
    const last = index === children.length - 1 && hidden <= 0;
    lines.push(`${indent}${last ? '└─' : '├─'} ${describe(child, paint)}`);
    draw(child, `${indent}${last ? '   ' : '│  '}`, paint, lines);
  });
  if (hidden > 0) lines.push(`${indent}└─ ${paint('gray', `… ${hidden} more`)}`);
}

function describe(node: WireTreeNode, paint: Paint): string {
  const parts = [visible(node.id), paint(COLOUR[node.status], node.status)];
  if (node.strategy !== undefined) parts.push(paint('gray', node.strategy));
  if (node.state !== undefined) parts.push(visible(formatState(node.state)));
  if (node.pid !== undefined) parts.push(paint('gray', `pid ${node.pid}`));
  if (node.restarts > 0) parts.push(paint('yellow', `${node.restarts} restarts`));
  if (node.buffered !== undefined && node.buffered > 0)
    parts.push(paint('yellow', `${node.buffered} waiting`));
  if (node.partition !== undefined) {
    parts.push(paint('gray', `p${node.partition}${node.cursor === undefined ? '' : `@${node.cursor.seq}`}`));
  }
  return parts.join(' ');
}
