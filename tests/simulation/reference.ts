/**
 * What the log says, computed by something small enough to be read in one go: marks, timers, tasks, orders and
 * effects of one partition, with models in the place of machines. It shares the wire formats with the runtime and
 * nothing else, so the two agree only if both are right.
 */
import type { Address } from '../../protocol/address.ts';
import { decodeBody } from '../../protocol/codec.ts';
import { decodeFrame, type EffectNumber, type FrameRecord } from '../../protocol/frame.ts';
import { HEADER } from '../../protocol/headers.ts';
import type { LogEntry, Verdict } from '../../runtime/log.ts';
import { type Model, type ModelTurn, Poison } from './workload.ts';

type Message = Record<string, unknown> & { readonly type: string };

/** One message of an entry. */
interface Item {
  readonly kind: FrameRecord['kind'];
  readonly to: Address;
  /** Undefined when the bytes are no message. */
  readonly message: Message | undefined;
  readonly isForeign: boolean;
  readonly from: FrameRecord['from'];
  readonly id: string | undefined;
  readonly sender: { readonly name: string; readonly seq: number } | undefined;
}

interface Actor {
  state: unknown;
  timeMs: number;
  standing: 'running' | 'paused' | 'resuming' | 'ended';
  parked: { readonly item: Item; readonly timeMs: number }[];
}

/** A message that an actor sent to another. */
export interface Told {
  readonly to: Address;
  readonly message: object;
}

export class Reference {
  readonly actors = new Map<Address, Actor>();
  /** What must be published, by id. */
  readonly events = new Map<
    string,
    { readonly actor: Address; readonly name: string; readonly body: object }
  >();
  readonly deadLetters = new Map<string, Address>();
  /** What must be sent, by `<from>:<number>`. */
  readonly told = new Map<string, Told>();
  /** Numbered messages that took effect, by `<from>:<number>`. */
  readonly applied = new Set<string>();
  /** How often each message from outside took effect, by its sender's name for it. */
  readonly appliedFromOutside = new Map<string, number>();
  readonly timers = new Map<string, { readonly number: string; readonly dueMs: number }>();
  readonly tasks = new Map<string, Address>();
  readonly #partition: number;
  readonly #models: Readonly<Record<string, Model>>;
  readonly #verdicts: readonly Verdict[];
  readonly #marks = new Map<number, EffectNumber>();
  readonly #senders = new Map<string, number>();
  #entry = 0;
  #index = 0;
  #effects = 0;

  constructor(partition: number, models: Readonly<Record<string, Model>>, verdicts: readonly Verdict[]) {
    this.#partition = partition;
    this.#models = models;
    this.#verdicts = verdicts.filter((verdict) => verdict.partition === partition);
  }

  /** `before` hears which message is next. */
  apply(entry: LogEntry, before: (seq: number, index: number) => void): void {
    this.#entry = entry.seq;
    for (const [index, item] of itemsOf(entry).entries()) {
      before(entry.seq, index);
      this.#index = index;
      this.#effects = 0;
      this.#receive(item, entry);
    }
  }

  #receive(item: Item, entry: LogEntry): void {
    const { to, message, kind, id } = item;
    if (message === undefined) {
      // Whoever numbered it counts on its effect: the number itself was not looked at.
      this.#countOutside(entry, item);
      return this.#deadLetter(to);
    }
    if (this.#seen(item)) return;
    this.#countOutside(entry, item);
    if (kind !== 'control' && this.#hasVerdict()) return this.#deadLetter(to);
    if (kind === 'task' && !this.tasks.delete(id ?? '')) return undefined;
    const bar = id?.lastIndexOf('|') ?? -1;
    const timer = `${to}|${id?.slice(0, bar)}`;
    const row = kind === 'timer' ? this.timers.get(timer) : undefined;
    if (kind === 'timer') {
      if (row?.number !== id?.slice(bar + 1)) return undefined;
      this.timers.delete(timer);
    }
    if (kind === 'control') return this.#order(item);
    const timeMs = Math.max(entry.timeMs, row?.dueMs ?? 0);
    const actor = this.#actor(to);
    if (actor.standing === 'ended') return this.#deadLetter(to);
    if (actor.standing !== 'running') return void actor.parked.push({ item, timeMs });
    if (!this.#turn(item, timeMs)) this.#deadLetter(to);
    return undefined;
  }

  /** Whether it was applied before; if not, it is from now on. */
  #seen({ from, sender, to }: Item): boolean {
    if (from !== undefined) {
      const mark = this.#marks.get(from.partition);
      if (mark !== undefined && compare(from.number, mark) <= 0) return true;
      this.#marks.set(from.partition, from.number);
      this.applied.add(`${from.partition}:${from.number.join('.')}`);
    } else if (sender !== undefined) {
      const name = `${to}|${sender.name}`;
      if (sender.seq <= (this.#senders.get(name) ?? -1)) return true;
      this.#senders.set(name, sender.seq);
    }
    return false;
  }

  /** False when it threw: then nothing has changed. */
  #turn({ to, message, isForeign }: Item, timeMs: number): boolean {
    const actor = this.#actor(to);
    const model = this.#models[kindOf(to)];
    const { type } = message as Message;
    const access = model?.takes[type];
    if (model === undefined || access === undefined || (access === 'internal' && isForeign)) return false;
    const nowMs = Math.max(actor.timeMs, timeMs);
    const start = this.#effects;
    try {
      actor.state = model.apply(actor.state, message as Message, this.#turnOf(to, actor, nowMs));
    } catch (error) {
      if (error instanceof Poison) return false;
      throw error;
    }
    this.#effects = Math.max(this.#effects, start + 1);
    actor.timeMs = nowMs;
    return true;
  }

  #turnOf(self: Address, actor: Actor, nowMs: number): ModelTurn {
    return {
      self,
      tell: (to, message) => void this.told.set(this.#number(':'), { to: to as Address, message }),
      emit: (name, payload) =>
        void this.events.set(this.#number('.'), {
          actor: self,
          name,
          body: { type: name, ...payload, actor: self, at: nowMs },
        }),
      schedule: (name, delayMs) => {
        const number = this.#number('.').slice(String(this.#partition).length + 1);
        this.timers.set(`${self}|${name}`, { number, dueMs: Math.ceil(nowMs + delayMs) });
      },
      cancel: (name) => {
        this.#effects++;
        this.timers.delete(`${self}|${name}`);
      },
      task: () => void this.tasks.set(this.#taskId(), self),
      end: () => {
        actor.standing = 'ended';
        actor.parked = [];
      },
    };
  }

  #order({ to, message }: Item): void {
    const actor = this.#actor(to);
    if (message?.type !== 'resume' && this.#hasVerdict()) return this.#deadLetter(to);
    if (message?.type === 'pause') {
      if (actor.standing === 'running') actor.standing = 'paused';
    } else if (message?.type === 'resume') {
      if (actor.standing !== 'running') this.#resume(to, message['alone'] === true);
    } else if (message?.type === 'delete') {
      for (const [id, address] of this.tasks) if (address === to) this.tasks.delete(id);
      for (const name of [...this.timers.keys()]) if (name.startsWith(`${to}|`)) this.timers.delete(name);
      this.actors.delete(to);
    }
  }

  /** A verdict on an order that turned many names none of them: each gets an order of its own. */
  #resume(to: Address, isAlone: boolean): void {
    const actor = this.#actor(to);
    const hasVerdict = this.#hasVerdict();
    if (hasVerdict && !isAlone) {
      if (actor.standing !== 'ended') actor.standing = 'resuming';
      this.told.set(this.#number(':'), { to, message: { type: 'resume' } });
      return;
    }
    const atOnce = isAlone ? 1 : 256;
    const waiting = actor.parked.slice(0, atOnce + 1);
    const goOn = (turned: number, left: Actor['parked']): void => {
      const more = turned < waiting.length;
      actor.parked = left;
      if (actor.standing !== 'ended') actor.standing = more ? 'resuming' : 'running';
      if (more) this.told.set(this.#number(':'), { to, message: { type: 'resume' } });
    };
    const rest = [...actor.parked];
    for (const [place, { item, timeMs }] of waiting.slice(0, atOnce).entries()) {
      rest.shift();
      if (!hasVerdict && actor.standing !== 'ended' && this.#turn(item, timeMs)) continue;
      goOn(place + 1, rest);
      return this.#deadLetter(to);
    }
    return goOn(Math.min(atOnce, waiting.length), rest);
  }

  #deadLetter(to: Address): void {
    this.deadLetters.set(this.#number('.'), to);
  }

  #hasVerdict(): boolean {
    return this.#verdicts.some(({ entry, index }) => entry === this.#entry && index === this.#index);
  }

  #number(after: ':' | '.'): string {
    return `${this.#partition}${after}${this.#entry}.${this.#index}.${this.#effects++}`;
  }

  #taskId(): string {
    const pad = (number: number, digits: number): string => String(number).padStart(digits, '0');
    return `${pad(this.#entry, 16)}.${pad(this.#index, 4)}.${pad(this.#effects++, 6)}`;
  }

  #actor(address: Address): Actor {
    let actor = this.actors.get(address);
    if (actor === undefined) {
      const state = this.#models[kindOf(address)]?.initial();
      actor = { state, timeMs: 0, standing: 'running', parked: [] };
      this.actors.set(address, actor);
    }
    return actor;
  }

  #countOutside(entry: LogEntry, { sender, to }: Item): void {
    if (entry.place.kind !== 'message') return;
    const name = sender === undefined ? entry.header(HEADER.msgId) : `${sender.name}:${to}:${sender.seq}`;
    if (name !== undefined) this.appliedFromOutside.set(name, (this.appliedFromOutside.get(name) ?? 0) + 1);
  }
}

function itemsOf(entry: LogEntry): Item[] {
  const { place } = entry;
  if (place.kind === 'frame') return decodeFrame(entry.data).map(ofRecord);
  if (place.kind !== 'message') return [];
  const name = entry.header(HEADER.sender);
  const seq = entry.header(HEADER.seq);
  let message: Message | undefined;
  try {
    message = decodeBody(entry.data, entry.header(HEADER.contentType));
  } catch {
    message = undefined;
  }
  return [
    {
      kind: 'tell',
      to: `${place.actorKind}/${place.actorKey}`,
      message,
      isForeign: true,
      from: undefined,
      id: undefined,
      sender: name === undefined || seq === undefined ? undefined : { name, seq: Number(seq) },
    },
  ];
}

function ofRecord(record: FrameRecord): Item {
  const hash = record.kind === 'tell' ? (record.id?.lastIndexOf('#') ?? -1) : -1;
  const { id = '' } = record;
  return {
    kind: record.kind,
    to: record.to,
    message: record.message,
    isForeign: false,
    from: record.from,
    id: record.id,
    sender:
      record.from !== undefined || hash < 0
        ? undefined
        : { name: `task!${id.slice(0, hash)}`, seq: Number(id.slice(hash + 1)) },
  };
}

function compare(a: EffectNumber, b: EffectNumber): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function kindOf(address: Address): string {
  return address.slice(0, address.indexOf('/'));
}
