/**
 * Every subject and stream name, built and parsed. Nothing else may join tokens into a subject: the client
 * library lets wildcards, NUL and over-long subjects through, and those break the connection or worse.
 */
import { LIMITS } from '../config/limits.ts';
import { type Address, parseAddress } from './address.ts';
import { BanyanError } from './errors.ts';

const NAMESPACE = /^[A-Za-z0-9_-]{1,32}$/;
/** Query, event and sys names: one token. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** The subjects' first token after the namespace for what other systems request. */
export type RequestVerb = 'submit' | 'call' | 'ask' | 'sys';

const TOKENS: Readonly<Record<RequestVerb, number>> = { submit: 2, call: 2, ask: 3, sys: 1 };

/** What a log entry's subject says. Kind and key come from foreign clients and are not validated. */
export type StoredSubject =
  | {
      readonly kind: 'message';
      readonly partition: number;
      readonly actorKind: string;
      readonly actorKey: string;
    }
  | { readonly kind: 'frame'; readonly partition: number }
  | { readonly kind: 'verdict'; readonly partition: number }
  | { readonly kind: 'claim'; readonly partition: number };

export type Subjects = ReturnType<typeof subjectsOf>;

/** The subjects of one namespace; throws `config.invalid` for a namespace that breaks the rules. */
export function subjectsOf(namespace: string) {
  if (!NAMESPACE.test(namespace)) {
    throw new BanyanError('config.invalid', {
      path: 'namespace',
      message: `The namespace is 1 to ${LIMITS.namespaceChars} characters of A-Z a-z 0-9 _ -.`,
    });
  }
  const tokens = (address: Address): string => {
    const { kind, key } = parseAddress(address);
    return `${kind}.${key}`;
  };
  const logPrefix = `${namespace}.log.`;
  const framePrefix = `${namespace}.frame.`;
  const verdictPrefix = `${namespace}.verdict.`;
  const claimPrefix = `${namespace}.claim.`;
  const lanePrefix = `${namespace}.lane.`;
  const deadPrefix = `${namespace}.dead.`;

  return {
    namespace,

    /** A durable message to the actor; the server stores it under `<ns>.log.<partition>.…`. */
    to: (address: Address) => `${namespace}.to.${tokens(address)}`,
    submit: (address: Address) => `${namespace}.submit.${tokens(address)}`,
    call: (address: Address) => `${namespace}.call.${tokens(address)}`,
    /** Throws `request.subject` for a query that is not one token. */
    ask: (address: Address, query: string) =>
      `${namespace}.ask.${tokens(address)}.${name(query, 'request.subject')}`,
    /** Throws `event.invalid` for a name that is not one token. */
    event: (address: Address, event: string) =>
      `${namespace}.event.${tokens(address)}.${name(event, 'event.invalid')}`,
    dead: (address: Address) => `${deadPrefix}${tokens(address)}`,
    /** Dead letters that name no actor, because they could not be decoded. */
    deadUnknown: `${deadPrefix}_._`,
    /** Tombstones of dead letters that were replayed or dropped. */
    deadSettled: `${deadPrefix}_.settled`,
    /** The runtime's own frames for one partition. */
    frame: (partition: number) => framePrefix + index(partition),
    /** Decisions about entries that stop a partition (rule R8). */
    verdict: (partition: number) => verdictPrefix + index(partition),
    /** Who owns a partition (rule R1). */
    claim: (partition: number) => claimPrefix + index(partition),
    /** One of the lanes that fence an owner, whose name is one token. */
    lane: (owner: string, lane: number) => `${lanePrefix}${name(owner, 'internal')}.${index(lane)}`,
    lanesOf: (owner: string) => `${lanePrefix}${name(owner, 'internal')}.*`,
    /** The head of a partition's stored state, and its other slots (rule R3). */
    stateHead: (partition: number) => `${namespace}.state.${index(partition)}.head`,
    stateSlot: (partition: number, slot: number) => `${namespace}.state.${index(partition)}.${index(slot)}`,
    stateOf: (partition: number) => `${namespace}.state.${index(partition)}.*`,
    /** Which node was the last to start; beside the partitions' states, because it is kept as they are. */
    nodeClaim: `${namespace}.state.node.claim`,
    sys: (endpoint: string) => `${namespace}.sys.${name(endpoint, 'request.subject')}`,

    /** Wildcards for streams, endpoints and permissions. */
    all: {
      to: `${namespace}.to.*.*`,
      submit: `${namespace}.submit.>`,
      call: `${namespace}.call.>`,
      ask: `${namespace}.ask.>`,
      event: `${namespace}.event.>`,
      dead: `${namespace}.dead.>`,
      frame: `${namespace}.frame.*`,
      verdict: `${namespace}.verdict.*`,
      claim: `${namespace}.claim.*`,
      lane: `${namespace}.lane.*.*`,
      state: `${namespace}.state.*.*`,
      sys: `${namespace}.sys.>`,
    },

    /** Matches the messages of one partition as they are stored. */
    stored: (partition: number) => `${logPrefix}${index(partition)}.*.*`,
    /** How the server maps messages to partitions; {@link partitionOf} computes the same. */
    transform: (partitions: number) => ({
      src: `${namespace}.to.*.*`,
      dest: `${logPrefix}{{partition(${partitions},1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}`,
    }),

    /** Streams, and the object store's bucket. */
    streams: {
      mailbox: `${namespace}_MAILBOX`,
      state: `${namespace}_STATE`,
      event: `${namespace}_EVENT`,
      dead: `${namespace}_DEAD`,
      content: `${namespace}_content`,
    },

    /** What the subject of a log entry says; undefined for one that is not ours. Called once per entry. */
    parseStored(subject: string): StoredSubject | undefined {
      if (subject.startsWith(logPrefix)) {
        const first = subject.indexOf('.', logPrefix.length);
        const second = subject.indexOf('.', first + 1);
        if (first < 0 || second < 0 || subject.includes('.', second + 1)) return undefined;
        const partition = wholeNumber(subject, logPrefix.length, first);
        if (partition < 0) return undefined;
        const actorKind = subject.slice(first + 1, second);
        const actorKey = subject.slice(second + 1);
        return { kind: 'message', partition, actorKind, actorKey };
      }
      if (subject.startsWith(framePrefix)) {
        const partition = wholeNumber(subject, framePrefix.length, subject.length);
        return partition < 0 ? undefined : { kind: 'frame', partition };
      }
      if (subject.startsWith(verdictPrefix)) {
        const partition = wholeNumber(subject, verdictPrefix.length, subject.length);
        return partition < 0 ? undefined : { kind: 'verdict', partition };
      }
      if (subject.startsWith(claimPrefix)) {
        const partition = wholeNumber(subject, claimPrefix.length, subject.length);
        return partition < 0 ? undefined : { kind: 'claim', partition };
      }
      return undefined;
    },

    /**
     * The verb of a request and the tokens after it: kind and key, for an ask the query too. Throws
     * `request.subject` for any other subject. Kind and key are not validated: `formatAddress` does it.
     */
    parseRequest(subject: string): { verb: RequestVerb; tokens: string[] } {
      const [first, verb, ...rest] = subject.split('.');
      if (first === namespace && isVerb(verb) && rest.length === TOKENS[verb]) return { verb, tokens: rest };
      throw new BanyanError('request.subject', {
        message: `${JSON.stringify(subject)} is not one of our endpoints.`,
      });
    },
  };
}

function isVerb(verb: string | undefined): verb is RequestVerb {
  return verb !== undefined && Object.hasOwn(TOKENS, verb);
}

function name(text: string, code: 'request.subject' | 'event.invalid' | 'internal'): string {
  if (NAME.test(text)) return text;
  throw new BanyanError(code, {
    message: `${JSON.stringify(text)} is not one token of 1 to 64 A-Z a-z 0-9 _ -.`,
  });
}

/** A partition number as a token; a wrong one is a bug of ours. */
function index(partition: number): string {
  if (Number.isInteger(partition) && partition >= 0) return String(partition);
  throw new BanyanError('internal', { message: `${partition} is not a partition number.` });
}

/** Reads decimal digits without allocating; -1 when there is anything else. */
function wholeNumber(text: string, start: number, end: number): number {
  if (end <= start || end - start > 6) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
