/**
 * Actors without a log, for tests of their rules: messages are turns at once, in the order they were told;
 * time moves when the test says so. The turns, rows and schemas are the production ones.
 */
import { createHash } from 'node:crypto';
import { parseAddress } from '../../protocol/address.ts';
import { decode, encode } from '../../protocol/codec.ts';
import { BanyanError, toBanyanError } from '../../protocol/errors.ts';
import { CommittedRows, TurnRows } from '../../runtime/actor-rows.ts';
import type { ContentStore } from '../../runtime/content-store.ts';
import { type Effect, type ReplyHandle, withTurn } from '../../runtime/current-turn.ts';
import type { ActorDefinition } from '../../runtime/define-actor.ts';
import { Overlay } from '../../runtime/overlay.ts';
import { MemoryStore } from '../../runtime/store-memory.ts';
import { createSystem } from '../../runtime/system.ts';
import { runTurn } from '../../runtime/turn.ts';

type Message = { readonly type: string };
interface Delivery {
  readonly to: string;
  readonly message: Message;
  readonly sender: string | undefined;
  readonly replyTo: ReplyHandle | undefined;
}

export function createActorHarness(
  definitions: readonly ActorDefinition[],
  options: {
    startAtMs?: number;
    node?: string;
    folder?: string;
    /** Runs each turn, with its actor's kind: a benchmark measures what it takes. */
    around?: <T>(kind: string, turn: () => T) => T;
  } = {},
) {
  const { around = (_, body) => body() } = options;
  const system = createSystem({ actors: definitions });
  const store = new MemoryStore();
  const overlay = new Overlay(store);
  const snapshots = new Map<string, Uint8Array>();
  const queue: Delivery[] = [];
  const tasks: { address: string; name: string; input: unknown; key: string }[] = [];
  const timers = new Map<string, { address: string; message: Message; dueMs: number }>();
  const events: { address: string; name: string; payload: Record<string, unknown> }[] = [];
  const replies: { to: string; id: string; value: unknown }[] = [];
  const deadLetters: { to: string; message: Message; error: unknown }[] = [];
  const turns: { to: string; type: string; rowsWritten: number }[] = [];
  const content = memoryContent();
  let nowMs = options.startAtMs ?? Date.UTC(2026, 0, 1);
  let count = 0;

  function turn({ to, message, sender, replyTo }: Delivery): void {
    const { kind, key } = parseAddress(to);
    const found = system.kinds.get(kind);
    const messageId = `0.${++count}.0`;
    overlay.mark();
    try {
      if (found === undefined) throw new BanyanError('actor.unknown_kind');
      const schema = found.definition.messages[message.type];
      const internal = message.type.startsWith('xstate.');
      if (schema === undefined && !internal)
        throw new BanyanError('message.unknown_type', { message: message.type });
      const { type, ...fields } = message;
      const body = schema === undefined ? message : { type, ...schema.parse(fields) };
      const before = snapshots.get(to);
      const result = around(kind, () =>
        runTurn({
          definition: found.definition,
          machine: found.machine,
          self: to as never,
          key,
          snapshot: before === undefined ? undefined : found.machine.decode(before).snapshot,
          message: body,
          nowMs,
          sender,
          messageId,
          replyTo,
          rows: new TurnRows(overlay, 0, to as never, found.definition.tables),
        }),
      );
      snapshots.set(to, result.bytes);
      turns.push({ to, type: message.type, rowsWritten: overlay.writesSinceMark });
      overlay.flush();
      result.effects.forEach((effect, index) => perform(to, effect, `${messageId}.${index}`));
    } catch (error) {
      overlay.drop();
      deadLetters.push({ to, message, error });
    }
  }

  function perform(from: string, effect: Effect, id: string): void {
    switch (effect.kind) {
      case 'tell':
        queue.push({
          to: effect.to,
          message: decode(encode(effect.message)) as Message,
          sender: from,
          replyTo: undefined,
        });
        return;
      case 'emit':
        events.push({ address: from, name: effect.name, payload: effect.payload as Record<string, unknown> });
        return;
      case 'reply':
        replies.push({ ...effect.to, value: effect.value });
        if (effect.to.to.includes('/')) {
          queue.push({
            to: effect.to.to,
            message: effect.value as Message,
            sender: from,
            replyTo: undefined,
          });
        }
        return;
      case 'schedule':
        timers.set(`${from}|${effect.name}`, {
          address: from,
          message: effect.message,
          dueMs: nowMs + effect.delayMs,
        });
        return;
      case 'cancel':
        timers.delete(`${from}|${effect.name}`);
        return;
      case 'task':
        tasks.push({ address: from, name: effect.name, input: decode(encode(effect.input)), key: id });
        return;
      case 'watch':
      case 'unwatch':
        // Nobody goes down here: a test tells the `down` itself.
        return;
    }
  }

  function drain(): void {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) turn(next);
  }

  async function runTask({ address, name, input, key }: (typeof tasks)[number]): Promise<void> {
    const handler = system.kinds.get(parseAddress(address).kind)?.definition.tasks?.[name];
    const told: Delivery[] = [];
    try {
      const output = await handler?.(input, {
        signal: new AbortController().signal,
        idempotencyKey: key,
        node: options.node ?? 'n1',
        content,
        ...(options.folder === undefined ? {} : { folder: options.folder }),
        tell: async (to, message, { replyTo } = {}) => {
          told.push({
            to,
            message,
            sender: address,
            replyTo: replyTo === undefined ? undefined : { to: replyTo, id: key },
          });
        },
        ask: async (to, query, queryInput) => ask(to, query, queryInput),
      });
      queue.push(...told);
      queue.push({
        to: address,
        message: { type: `${name}.done`, input, output: decode(encode(output ?? null)) } as Message,
        sender: undefined,
        replyTo: undefined,
      });
    } catch (error) {
      const { code, message } = toBanyanError(error);
      queue.push({
        to: address,
        message: { type: `${name}.failed`, input, error: { code, message } } as Message,
        sender: undefined,
        replyTo: undefined,
      });
    }
  }

  function ask(address: string, query: string, input: object = {}): unknown {
    const { kind, key } = parseAddress(address);
    const found = system.kinds.get(kind);
    const declared = found?.definition.queries[query];
    if (found === undefined || declared === undefined)
      throw new BanyanError('actor.unknown_query', { message: query });
    const bytes = snapshots.get(address);
    const snapshot =
      bytes === undefined ? found.machine.initial({ key }).snapshot : found.machine.decode(bytes).snapshot;
    const select = (typeof declared === 'function' ? declared : declared.select) as (args: object) => unknown;
    const parsed = typeof declared === 'function' ? input : declared.input.parse(input);
    const refuse = (): never => {
      throw new BanyanError('turn.outside');
    };
    const view = {
      self: address as never,
      now: nowMs,
      sender: undefined,
      messageId: '',
      replyTo: undefined,
      random: refuse,
      effect: refuse,
      deferReply: refuse,
      abandon: refuse,
      rows: CommittedRows.of(store, 0, address as never),
    };
    return withTurn(view, () =>
      select({ context: snapshot.context, state: snapshot.value, input: parsed, now: nowMs, key }),
    );
  }

  return {
    events,
    replies,
    deadLetters,
    timers,
    /** The turns that went well, in order. */
    turns,
    content,
    ask,
    get nowMs() {
      return nowMs;
    },
    tell(
      to: string,
      message: Message & Record<string, unknown>,
      from: { sender?: string; replyTo?: ReplyHandle } = {},
    ): void {
      queue.push({ to, message, sender: from.sender, replyTo: from.replyTo });
      drain();
    },
    /** Runs messages and tasks until nothing is left; timers wait for {@link advance}. */
    async settle(): Promise<void> {
      drain();
      for (let next = tasks.shift(); next !== undefined; next = tasks.shift()) {
        await runTask(next);
        drain();
      }
    },
    /** Moves time forward, firing timers in the order they are due. */
    advance(ms: number): void {
      const until = nowMs + ms;
      for (;;) {
        const due = [...timers]
          .filter(([, timer]) => timer.dueMs <= until)
          .sort((a, b) => a[1].dueMs - b[1].dueMs)[0];
        if (due === undefined) break;
        timers.delete(due[0]);
        nowMs = Math.max(nowMs, due[1].dueMs);
        queue.push({ to: due[1].address, message: due[1].message, sender: undefined, replyTo: undefined });
        drain();
      }
      nowMs = until;
    },
  };
}

function memoryContent(): ContentStore {
  const objects = new Map<string, Uint8Array>();
  return {
    put: async (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      objects.set(sha256, Uint8Array.from(bytes));
      return { ref: sha256, sha256, bytes: bytes.byteLength };
    },
    get: async (sha256) => {
      const bytes = objects.get(sha256);
      if (bytes === undefined) throw new BanyanError('content.not_found');
      return bytes;
    },
    has: async (sha256) => objects.has(sha256),
  };
}
