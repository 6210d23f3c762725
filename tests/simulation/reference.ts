/**
 * What the log says, computed by something small enough to be read in one go: marks, timers, tasks, watches, orders and
 * effects of one partition, with models in the place of machines. It shares the wire formats with the runtime and
 * nothing else, so the two agree only if both are right.
 */
import type { Address } from '../../protocol/address.ts';
import { decodeBody } from '../../protocol/codec.ts';
import { decodeFrame, type EffectNumber, type FrameRecord } from '../../protocol/frame.ts';
import { HEADER } from '../../protocol/headers.ts';
import type { LogEntry, Verdict } from '../../runtime/log.ts';
import { Misfit, type Model, type ModelTurn, Poison } from './workload.ts';

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
  readonly teller: string | undefined;
  readonly sender: { readonly name: string; readonly seq: number } | undefined;
}

interface Actor {
  state: unknown;
  timeMs: number;
  standing: 'running' | 'paused' | 'resuming' | 'quarantined' | 'ended';
  /** In a row. */
  failures: number;
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
  /** Watches by `<watcher>|<target>`, as each side knows them, with their numbers. */
  readonly watching = new Map<string, string>();
  readonly watchers = new Map<string, string>();
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
    if (kind === 'down' && !this.#isWatched(item)) return undefined;
    if (kind !== 'control' && this.#hasVerdict()) {
      if (this.#actor(to).standing === 'running') this.#fail(to);
      return this.#deadLetter(to);
    }
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

  /** Whether a `down` ends the watch that there is. */
  #isWatched({ to, message, id }: Item): boolean {
    const name = `${to}|${String(message?.['address'])}`;
    return this.watching.get(name) === id && this.watching.delete(name);
  }

  /** One failure more in a row: too many, and what comes next waits. */
  #fail(address: Address): void {
    const actor = this.#actor(address);
    const { quarantineAfter = 5 } = this.#models[kindOf(address)] ?? {};
    if (++actor.failures <= quarantineAfter) return;
    actor.failures = 0;
    actor.standing = 'quarantined';
    this.#goDown(address, 'error');
  }

  /** Whoever watches is told, once. */
  #goDown(target: Address, kind: string): void {
    for (const watcher of othersIn(this.watchers, (name) => name.split('|').toReversed(), target)) {
      this.watchers.delete(`${watcher}|${target}`);
      this.#tellDown(watcher, target, kind);
    }
  }

  #tellDown(watcher: Address, address: Address, kind: string): void {
    this.told.set(this.#number(':'), { to: watcher, message: { type: 'down', address, reason: { kind } } });
  }

  #leave(watcher: Address): void {
    for (const target of othersIn(this.watching, (name) => name.split('|'), watcher)) {
      this.watching.delete(`${watcher}|${target}`);
      this.told.set(this.#number(':'), { to: target, message: { type: 'unwatch' } });
    }
  }

  /** False when it threw, or was refused: then nothing has changed. */
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
      if (error instanceof Poison) this.#fail(to);
      else if (!(error instanceof Misfit)) throw error;
      return false;
    }
    this.#effects = Math.max(this.#effects, start + 1);
    actor.timeMs = nowMs;
    actor.failures = 0;
    if (actor.standing === 'ended') {
      this.#goDown(to, 'normal');
      this.#leave(to);
    }
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
      watch: (target) => this.#watch(self, target as Address),
      unwatch: (target) => {
        const number = this.#number(':');
        if (this.watching.delete(`${self}|${target}`))
          this.told.set(number, { to: target as Address, message: { type: 'unwatch' } });
      },
      end: () => {
        actor.standing = 'ended';
        actor.parked = [];
      },
    };
  }

  #watch(self: Address, target: Address): void {
    const number = this.#number(':');
    if (this.watching.has(`${self}|${target}`)) return;
    this.watching.set(`${self}|${target}`, number.slice(number.indexOf(':') + 1));
    this.told.set(number, { to: target, message: { type: 'watch' } });
  }

  #watchOrder(type: string, { to, id, teller }: Item): void {
    const name = `${teller}|${to}`;
    if (type === 'unwatch') {
      if (this.watchers.get(name) === id) this.watchers.delete(name);
      return;
    }
    const { standing } = this.#models[kindOf(to)] === undefined ? { standing: 'ended' } : this.#actor(to);
    const isDown = standing === 'quarantined' || this.#hasVerdict();
    if (isDown || standing === 'ended') this.#tellDown(teller as Address, to, isDown ? 'error' : 'noproc');
    else this.watchers.set(name, id as string);
  }

  #order(item: Item): void {
    const { to, message } = item;
    if (message?.type === 'watch' || message?.type === 'unwatch') return this.#watchOrder(message.type, item);
    const actor = this.#actor(to);
    if (message?.type !== 'resume' && this.#hasVerdict()) return this.#deadLetter(to);
    if (message?.type === 'pause') {
      if (actor.standing === 'running') actor.standing = 'paused';
    } else if (message?.type === 'resume') {
      const isStale = message['goesOn'] === true && !['resuming', 'ended'].includes(actor.standing);
      if (actor.standing !== 'running' && !isStale) this.#resume(to, message['alone'] === true);
    } else if (message?.type === 'kill') {
      this.#goDown(to, 'killed');
    } else if (message?.type === 'delete') {
      this.#goDown(to, 'shutdown');
      this.#leave(to);
      for (const [id, address] of this.tasks) if (address === to) this.tasks.delete(id);
      for (const name of [...this.timers.keys()]) if (name.startsWith(`${to}|`)) this.timers.delete(name);
      this.actors.delete(to);
    }
  }

  /** A verdict on an order that turned many names none of them: each gets an order of its own. */
  #resume(to: Address, isAlone: boolean): void {
    const actor = this.#actor(to);
    const hasVerdict = this.#hasVerdict();
    if (actor.standing !== 'ended') actor.standing = 'resuming';
    if (hasVerdict && !isAlone) {
      this.told.set(this.#number(':'), { to, message: { type: 'resume' } });
      return;
    }
    const atOnce = isAlone ? 1 : 256;
    const waiting = actor.parked.slice(0, atOnce + 1);
    const goOn = (turned: number, left: Actor['parked']): void => {
      const more = turned < waiting.length;
      actor.parked = left;
      if (actor.standing === 'quarantined') return;
      if (actor.standing !== 'ended') actor.standing = more ? 'resuming' : 'running';
      if (more) this.told.set(this.#number(':'), { to, message: { type: 'resume' } });
    };
    const rest = [...actor.parked];
    for (const [place, { item, timeMs }] of waiting.slice(0, atOnce).entries()) {
      rest.shift();
      const isEnded = actor.standing === 'ended';
      if (!hasVerdict && !isEnded && this.#turn(item, timeMs)) continue;
      if (hasVerdict && !isEnded) this.#fail(to);
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
      actor = { state, timeMs: 0, standing: 'running', failures: 0, parked: [] };
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
      teller: undefined,
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
    teller: record.sender,
    sender:
      record.from !== undefined || hash < 0
        ? undefined
        : { name: `task!${id.slice(0, hash)}`, seq: Number(id.slice(hash + 1)) },
  };
}

/** Who stands beside `one` in the names of a map, in order. */
function othersIn(
  names: ReadonlyMap<string, string>,
  split: (name: string) => string[],
  one: Address,
): Address[] {
  const pairs = [...names.keys()].map(split).filter(([first]) => first === one);
  return pairs.map(([, other]) => other as Address).sort();
}

function compare(a: EffectNumber, b: EffectNumber): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function kindOf(address: Address): string {
  return address.slice(0, address.indexOf('/'));
}
