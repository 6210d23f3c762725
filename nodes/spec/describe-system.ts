/** An application's contracts as JSON Schemas: what other systems need to talk to it. */
import { z } from 'zod';
import { isInternal } from '../../protocol/contract.ts';
import { ERRORS } from '../../protocol/errors.ts';
import type { System } from '../../runtime/system.ts';
import { VERSION } from '../version.ts';

type JsonSchema = Record<string, unknown>;

export interface DescribedActor {
  readonly kind: string;
  readonly version: number;
  /** By type. What is not public, only the runtime and other actors send. */
  readonly messages: Record<string, { public: boolean; schema: JsonSchema }>;
  readonly events: Record<string, JsonSchema>;
  /** By name; `input` is null for a query that takes none. */
  readonly queries: Record<string, { input: JsonSchema | null }>;
  readonly tables: string[];
  readonly tasks: string[];
}

export interface DescribedSystem {
  readonly version: string;
  readonly namespace: string;
  readonly turnVersion: string;
  readonly actors: DescribedActor[];
  readonly errors: Record<string, { message: string; recoverable: boolean; hint: string }>;
}

export function describeSystem(system: System, namespace: string): DescribedSystem {
  const actors = [...system.kinds.values()].map(({ definition }): DescribedActor => ({
    kind: definition.kind,
    version: definition.version,
    messages: mapValues(definition.messages, (schema, type) => ({
      public: !isInternal(schema),
      schema: withType(jsonSchemaOf(schema, 'input'), type),
    })),
    events: mapValues(definition.events, (schema, name) => withType(jsonSchemaOf(schema, 'output'), name)),
    queries: mapValues(definition.queries, (query) => ({
      input: typeof query === 'function' ? null : jsonSchemaOf(query.input, 'input'),
    })),
    tables: Object.keys(definition.tables ?? {}),
    tasks: Object.keys(definition.tasks ?? {}),
  }));
  actors.sort((a, b) => (a.kind < b.kind ? -1 : 1));
  return { version: VERSION, namespace, turnVersion: system.turnVersion, actors, errors: { ...ERRORS } };
}

function mapValues<In, Out>(
  values: Readonly<Record<string, In>>,
  map: (value: In, name: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}

/** What JSON Schema has no word for (such as bytes) is left open instead of failing the whole document. */
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
  return described;
}

/** Contracts describe a message without its type; what travels has one. */
function withType(schema: JsonSchema, type: string): JsonSchema {
  const { properties = {}, required = [] } = schema as { properties?: object; required?: string[] };
  return { ...schema, properties: { type: { const: type }, ...properties }, required: ['type', ...required] };
}
