/** The described system as an AsyncAPI 3.0 document: channels are NATS subjects, with the key as parameter. */
import type { DescribedActor, DescribedSystem } from './describe-system.ts';

type Json = Record<string, unknown>;

interface Parts {
  readonly channels: Json;
  readonly operations: Json;
  readonly messages: Json;
}

const KEY = { key: { description: 'The actor: 1 to 128 characters of A-Z a-z 0-9 _ - :' } };

/** Public messages and queries are what the system receives; events are what it sends. */
export function asyncApiOf({ namespace, version, actors }: DescribedSystem): Json {
  const parts: Parts = { channels: {}, operations: {}, messages: {} };
  for (const actor of actors) addActor(parts, namespace, actor);
  return {
    asyncapi: '3.0.0',
    info: {
      title: namespace,
      version,
      description:
        'Bodies are one plain msgpack map, or JSON with the header Content-Type: application/json. ' +
        'A message to "to" is durable once JetStream has acknowledged it.',
    },
    defaultContentType: 'application/msgpack',
    channels: parts.channels,
    operations: parts.operations,
    components: { messages: parts.messages },
  };
}

function addActor(
  parts: Parts,
  namespace: string,
  { kind, messages, events, queries }: DescribedActor,
): void {
  const taken = Object.entries(messages).filter(([, message]) => message.public);
  if (taken.length > 0) {
    const names = taken.map(([type, { schema }]) => addMessage(parts, `${kind}.${type}`, type, schema));
    for (const verb of ['to', 'submit', 'call']) {
      addChannel(parts, `${kind}.${verb}`, `${namespace}.${verb}.${kind}.{key}`, 'receive', names);
    }
  }
  for (const [query, { input }] of Object.entries(queries)) {
    const name = addMessage(parts, `${kind}.ask.${query}`, query, input ?? { type: 'object' });
    addChannel(parts, `${kind}.ask.${query}`, `${namespace}.ask.${kind}.{key}.${query}`, 'receive', [name]);
  }
  for (const [event, schema] of Object.entries(events)) {
    const name = addMessage(parts, `${kind}.event.${event}`, event, schema);
    addChannel(parts, `${kind}.event.${event}`, `${namespace}.event.${kind}.{key}.${event}`, 'send', [name]);
  }
}

function addMessage(parts: Parts, id: string, name: string, payload: Json): string {
  parts.messages[id] = { name, payload };
  return id;
}

function addChannel(
  parts: Parts,
  id: string,
  address: string,
  action: 'send' | 'receive',
  names: readonly string[],
): void {
  const pointers = names.map((name) => [name, { $ref: `#/components/messages/${name}` }] as const);
  parts.channels[id] = { address, parameters: KEY, messages: Object.fromEntries(pointers) };
  parts.operations[id] = {
    action,
    channel: { $ref: `#/channels/${id}` },
    messages: names.map((name) => ({ $ref: `#/channels/${id}/messages/${name}` })),
  };
}
