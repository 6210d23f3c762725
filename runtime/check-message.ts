/** Second step of delivery: a message is checked against the schema that its actor declares for its type. */
import { isInternal } from '../protocol/contract.ts';
import { BanyanError } from '../protocol/errors.ts';
import type { ActorDefinition } from './define-actor.ts';
import type { Received } from './receive.ts';

/** What a check looks at. */
export type Unchecked = Pick<Received, 'kind' | 'message' | 'foreign'>;

/**
 * The message as its schema gives it. What the runtime itself sends to a machine has no schema. Throws
 * `message.unknown_type`, `message.not_public`, `message.invalid`.
 */
export function checkMessage(
  definition: ActorDefinition,
  { kind, message, foreign }: Unchecked,
): { type: string } {
  const { type, ...fields } = message;
  if (kind === 'timer' && type.startsWith('xstate.')) return message;
  const { messages } = definition;
  const schema = Object.hasOwn(messages, type) ? messages[type] : undefined;
  if (schema === undefined) {
    throw new BanyanError('message.unknown_type', {
      message: `'${definition.kind}' takes no '${type.slice(0, 100)}'.`,
    });
  }
  if (foreign && isInternal(schema)) {
    throw new BanyanError('message.not_public', { message: `'${type}' is sent by actors only.` });
  }
  const result = schema.safeParse(fields);
  if (result.success) return { ...result.data, type };
  const issue = result.error.issues[0];
  throw new BanyanError('message.invalid', {
    message: `'${type}': ${issue?.message}`,
    path: issue?.path.join('.') ?? '',
  });
}
