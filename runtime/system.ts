/** `createSystem`: the actors of an application and the tree they live in. */
import { createHash } from 'node:crypto';
import { BanyanError } from '../protocol/errors.ts';
import { isInternal } from '../protocol/contract.ts';
import type { ActorDefinition } from './define-actor.ts';
import { Machine } from './machine.ts';

/** A kind as the runtime holds it: the author's definition and its compiled machine. */
export interface Kind {
  readonly definition: ActorDefinition;
  readonly machine: Machine;
}

export interface SystemDeclaration {
  readonly actors: readonly ActorDefinition[];
  /** The application's supervisors, as `supervisor()` declares them; the runtime only carries it. */
  readonly tree?: unknown;
  /** Settings that a turn can see, if actors close over any: they belong to the turn version (rule R13). */
  readonly settings?: unknown;
}

export interface System {
  readonly kinds: ReadonlyMap<string, Kind>;
  readonly tree: unknown;
  /**
   * Hash of everything that decides what a turn computes, and whether it is taken: machines, schemas, versions,
   * migrations, quarantines, settings, Node's major. A tail of the log written under another version is replayed
   * only after it was drained.
   */
  readonly turnVersion: string;
}

/** Throws `definition.invalid` when two actors claim one kind. */
export function createSystem(declaration: SystemDeclaration): System {
  const kinds = new Map<string, Kind>();
  for (const definition of declaration.actors) {
    if (kinds.has(definition.kind)) {
      throw new BanyanError('definition.invalid', {
        message: `Two actors are of the kind '${definition.kind}'.`,
      });
    }
    kinds.set(definition.kind, {
      definition,
      machine: new Machine(definition.machine, definition.version, definition.migrate),
    });
  }
  return { kinds, tree: declaration.tree, turnVersion: turnVersionOf(declaration) };
}

function turnVersionOf(declaration: SystemDeclaration): string {
  const hash = createHash('sha256').update(process.versions.node.split('.')[0] ?? '');
  hash.update(JSON.stringify(declaration.settings ?? null));
  for (const actor of [...declaration.actors].sort((a, b) => (a.kind < b.kind ? -1 : 1))) {
    hash.update(`${actor.kind}@${actor.version}:${actor.quarantineAfter}`);
    hash.update(
      JSON.stringify(
        Object.entries(actor.messages).map(([type, schema]) => [
          type,
          isInternal(schema),
          Object.keys(schema.shape),
        ]),
      ),
    );
    hash.update(String(actor.migrate));
    const tables = Object.values(actor.tables ?? {}).map((table) => [
      table.name,
      table.version,
      String(table.migrate),
      ...table.indexes.map(({ name, version, entries }) => `${name}@${version}:${String(entries)}`),
    ]);
    hash.update(JSON.stringify(tables.sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1))));
    hash.update(sourceOf(actor.machine.config));
    hash.update(sourceOf(actor.machine.implementations));
  }
  return hash.digest('hex').slice(0, 16);
}

/** The text of a machine: its configuration with the source of every function in it, also inside XState's wrappers. */
function sourceOf(config: unknown): string {
  return (
    JSON.stringify(config, (_, value: unknown) => (typeof value === 'function' ? value.toString() : value)) ??
    ''
  );
}
