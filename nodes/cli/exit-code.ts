/** Exit codes: a part of the command line's contract, so that scripts need not read messages. */
import type { ErrorCode } from '../../protocol/errors.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  notFound: 3,
  /** The broker or the cluster cannot be reached. */
  unreachable: 4,
  /** Refused by validation. */
  refused: 5,
  /** A check worked and found something: doctor, verify, replay. */
  findings: 6,
  notAuthorised: 7,
  timedOut: 8,
  /** Ended by a second Ctrl-C. */
  forced: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_CODE: Partial<Record<ErrorCode, ExitCode>> = {
  usage: EXIT.usage,
  'address.invalid': EXIT.usage,
  'config.invalid': EXIT.usage,
  'definition.app': EXIT.usage,
  'definition.invalid': EXIT.usage,
  'data.format': EXIT.usage,
  'partition.count': EXIT.usage,
  'namespace.owned': EXIT.usage,
  'broker.missing': EXIT.usage,
  'broker.version': EXIT.usage,
  'broker.unsafe': EXIT.usage,

  'actor.not_found': EXIT.notFound,
  'actor.unknown_kind': EXIT.notFound,
  'actor.unknown_query': EXIT.notFound,
  'content.not_found': EXIT.notFound,
  'dataset.not_found': EXIT.notFound,
  'dead.not_found': EXIT.notFound,
  'review.not_found': EXIT.notFound,
  'node.not_found': EXIT.notFound,
  'worker.not_found': EXIT.notFound,
  'worker.not_running': EXIT.notFound,

  'broker.unreachable': EXIT.unreachable,
  'node.unreachable': EXIT.unreachable,
  'partition.unavailable': EXIT.unreachable,
  'log.unavailable': EXIT.unreachable,

  'artifact.invalid': EXIT.refused,
  'review.decided': EXIT.refused,
  'event.invalid': EXIT.refused,
  'query.invalid': EXIT.refused,
  'request.malformed': EXIT.refused,
  'request.subject': EXIT.refused,

  'dataset.damaged': EXIT.findings,

  authorisation: EXIT.notAuthorised,
  'broker.permission': EXIT.notAuthorised,

  'call.timeout': EXIT.timedOut,
  'call.pending': EXIT.timedOut,
};

/** What a command that ended with this error exits with. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return BY_CODE[code] ?? (code.startsWith('message.') ? EXIT.refused : EXIT.failed);
}
