/**
 * The closed list of errors: every code that Banyan reports anywhere, with one sentence that says what is
 * wrong and one that says what to do. `docs/errors.md` is this list for readers; a test compares the two.
 */

import { type ErrorEntry, passing, refused } from './error-entry.ts';
import { PIPELINE_ERRORS } from './pipeline-errors.ts';

const LARGE = 'Put large content into the object store and send its reference {ref, sha256, bytes}.';

export const ERRORS = {
  'address.invalid': refused(
    'The address is not of the form kind/key.',
    'A kind is a-z 0-9 - (at most 32, beginning with a letter), a key 1 to 128 of A-Z a-z 0-9 _ - :.',
  ),

  'message.too_large': refused('The message body is larger than the limit.', LARGE),
  'message.too_deep': refused(
    'The message nests deeper than the limit.',
    'Flatten the value or send it as text.',
  ),
  'message.too_many_items': refused('The message has more elements than the limit.', LARGE),
  'message.malformed': refused(
    'The message body is not one complete map.',
    'Send one msgpack map with string keys, or a JSON object with Content-Type: application/json.',
  ),
  'message.content_type': refused(
    'The content type of the message is not supported.',
    'Send msgpack without a Content-Type, or JSON with Content-Type: application/json.',
  ),
  'message.forbidden_key': refused(
    'The message has a key that no message may have.',
    'Rename the key __proto__ wherever it occurs.',
  ),
  'message.invalid_utf8': refused('A text in the message is not valid UTF-8.', 'Encode every text as UTF-8.'),
  'message.no_type': refused(
    'The message has no type.',
    'Add a field "type" of 1 to 128 characters that names the message.',
  ),
  'message.reserved_type': refused(
    'The message type is reserved for the runtime.',
    'Choose a type that does not begin with "xstate.".',
  ),
  'message.unsupported_extension': refused(
    'The message uses a msgpack extension other than timestamp.',
    'Encode the value with plain msgpack types.',
  ),
  'message.not_encodable': refused(
    'The value cannot be encoded.',
    'Keep to plain objects, arrays, strings, numbers, booleans, null, dates, bytes and 64-bit integers, without cycles.',
  ),
  'message.unknown_type': refused(
    'The actor does not take messages of this type.',
    'See the types that the actor takes with "banyan spec".',
  ),
  'message.not_public': refused(
    'Messages of this type are sent by the runtime and by other actors only.',
    'See the public types with "banyan spec".',
  ),
  'message.invalid': refused(
    "The message does not match its type's schema.",
    'Correct the field that "path" names.',
  ),
  'message.sender_reserved': refused(
    'The sender name belongs to an actor or a node.',
    'Choose a Banyan-Sender of your own, without a slash and not the name of a node.',
  ),
  'message.sequence': refused(
    'Banyan-Sender and Banyan-Seq do not belong together.',
    'Send both headers, Banyan-Seq as a whole number that grows by one with each message to the same actor.',
  ),

  'frame.malformed': refused(
    'A frame in the log cannot be decoded.',
    'Only nodes may publish frames; check the broker permissions and the dead letters.',
  ),
  'frame.version': refused(
    'A frame in the log was written in a newer format.',
    'Start this node with the release that wrote the log, or a newer one.',
  ),
  'frame.too_large': refused(
    'A frame would exceed its limit of records or bytes.',
    'Send fewer or smaller messages in one turn; this is a bug if one message caused it.',
  ),

  'actor.unknown_kind': refused(
    'No actor of this kind is defined.',
    'Check the kind, or start the nodes with the application that defines it.',
  ),
  'actor.ended': refused(
    'The actor has reached a final state and takes no more messages.',
    'Delete the actor to begin again, or use another key.',
  ),
  'actor.not_found': refused(
    'The actor has never received a message.',
    'Check the key with "banyan actor list".',
  ),
  'actor.paused': passing('The actor is paused.', 'Resume it with "banyan actor resume".'),
  'actor.unknown_query': refused(
    'The actor has no query of this name.',
    'See the queries that the actor answers with "banyan spec".',
  ),
  'query.invalid': refused(
    "The query's input does not match its schema.",
    'Correct the field that "path" names.',
  ),
  'query.failed': refused(
    'The query threw an error.',
    'The message says what was thrown; a query must not write or send.',
  ),

  'fault.transient': passing(
    'The surroundings of a child failed it, and may come back.',
    'It is started again after its back-off; the message says what it waits for.',
  ),
  'shard.hung': refused(
    'A shard stopped answering outside of turns, and was replaced.',
    'Look for a task that computes without a pause: it holds up its whole shard; a worker process is the place for it.',
  ),

  'child.not_found': refused(
    'The supervisor has no child of this id.',
    'See the children with "banyan tree".',
  ),
  'child.started': refused(
    'The supervisor already has a child of this id, and it runs.',
    'Choose another id, or terminate and delete that child first.',
  ),
  'child.present': refused(
    'The supervisor already has a child of this id, which is down.',
    'Restart or delete that child, or choose another id.',
  ),
  'child.running': refused('The child is running.', 'Terminate it first.'),
  'child.restarting': refused(
    'The child is about to be restarted.',
    'Wait until it runs, or terminate it first.',
  ),
  'child.dynamic': refused(
    'The children of this supervisor are added while it runs, and forgotten when they are down.',
    'Start a new child instead of restarting or deleting one.',
  ),

  'event.invalid': refused(
    'The event is not one that this kind of actor declares.',
    'Declare its name and schema in the contract, or correct the payload\'s field that "path" names.',
  ),

  'turn.outside': refused(
    'This function only works while a turn or a query is running.',
    "Call it from a machine's actions, guards or assigners, not from module code or a task.",
  ),
  'turn.failed': refused(
    'The actor threw an error while it processed the message.',
    'The message is a dead letter; correct the machine and replay it with "banyan dead replay".',
  ),
  'turn.deadline': passing(
    'A turn did not end within its deadline.',
    'Look for a loop in the machine, or move long work into a task.',
  ),
  'turn.out_of_memory': passing(
    'A shard ran out of memory during a turn.',
    'Move large state into tables, or raise shardMemoryMb.',
  ),
  'turn.stack': passing('A turn ran out of stack.', 'Look for endless recursion in the machine.'),
  'turn.nondeterministic': refused(
    'The same message gave two different results on the same state.',
    'Use now() and random() instead of the clock and Math.random(); "path" names what differs.',
  ),
  'turn.unsupported_action': refused(
    'The machine asked for something that a durable actor cannot do.',
    'Use tell, schedule, task and reply instead of spawned children, invoked actors and sendTo.',
  ),
  'turn.task_unknown': refused(
    'The machine started a task that its actor does not define.',
    'Add the task to defineActor({tasks}).',
  ),
  'turn.limit': refused(
    'A turn exceeded a limit on effects, rows or state.',
    'Spread the work over several messages, or keep large state in tables.',
  ),

  'watch.limit': refused('Too many actors watch this one.', 'Let one of them watch it, and tell the others.'),
  'turn.undecided': refused(
    'A message keeps ending its shard, and an owner whose last turns are unknown may have applied it.',
    'It cannot be skipped: remove the cause, or raise turnDeadlineMs or shardMemoryMb, and start again.',
  ),

  'definition.invalid': refused(
    'The definition of an actor is not valid.',
    'Correct what the message names; the runtime refuses what could never run durably.',
  ),
  'definition.app': refused(
    'The application module cannot be used.',
    'Its default export must be createSystem({actors, tree}).',
  ),

  'log.truncated': refused(
    'The log has lost entries that this node had already processed.',
    'Restore the broker from a backup; or accept the loss: start once with acceptTruncation, the state stays as it is.',
  ),
  'log.foreign': refused(
    'The log is not the one that this data directory belongs to.',
    'Connect to the right broker, or use another data directory.',
  ),
  'log.full': passing(
    'The mailbox stream is full.',
    'Try again later; if it stays full, raise mailbox.maxBytes or add nodes.',
  ),
  'log.unavailable': passing(
    'The log did not acknowledge in time.',
    'Try again with the same Nats-Msg-Id; the message may have been stored.',
  ),
  'log.conflict': refused(
    'Another owner has claimed the partition.',
    'Nothing to do: the newer owner goes on where this one stopped.',
  ),
  'log.trimmed': refused(
    'The log no longer holds the entries that were asked for: a checkpoint contains them.',
    'Ask for the state at a later entry; the message names the earliest one.',
  ),

  'partition.count': refused(
    'The number of partitions differs from the one the namespace was created with.',
    'Set "partitions" to the number that the message names; it cannot be changed later.',
  ),
  'partition.unavailable': passing(
    'No node owns the partition of this actor right now.',
    'Try again in a moment; "banyan tree" shows the owners.',
  ),
  'version.tail': refused(
    'Messages in the log were accepted under another version of the application.',
    'Let the old release recover and drain, or start once with acceptTail to replay it with the new version.',
  ),
  'snapshot.version': refused(
    "An actor's stored state is of a newer version than its definition.",
    'Start the release that wrote it, or a newer one.',
  ),
  'snapshot.migration': refused(
    "An actor's stored state could not be migrated.",
    'Correct migrate() in defineActor; the actor waits and its messages are kept.',
  ),
  'store.damaged': refused(
    'A local store is damaged.',
    'Nothing is lost: it is rebuilt from the log; check the disk if it happens again.',
  ),
  'store.full': passing(
    'The disk or the local store is full.',
    'Free space on the disk of the data directory.',
  ),

  'call.timeout': passing(
    'No answer came within the timeout.',
    'The message may still take effect; repeat the call with the same Nats-Msg-Id to learn its result.',
  ),
  'call.pending': passing(
    'The message is stored and its result is not known yet.',
    'Repeat the call with the same Nats-Msg-Id to wait for it.',
  ),
  'request.malformed': refused(
    'The request cannot be understood.',
    'See the subjects, headers and schemas with "banyan spec".',
  ),
  'request.subject': refused(
    'The subject of the request does not name one of our endpoints.',
    'Use <ns>.submit.<kind>.<key>, <ns>.call.<kind>.<key>, <ns>.ask.<kind>.<key>.<query> or <ns>.sys.<name>.',
  ),
  'reply.too_large': refused(
    'The reply would be larger than the limit.',
    'Narrow the request with limit, depth, path, kind or after.',
  ),

  'config.invalid': refused(
    'A setting is not valid.',
    'Correct the setting that the message names; "banyan config explain" shows where each one comes from.',
  ),
  usage: refused('The command was not used correctly.', 'Run the command with --help.'),
  'data.locked': passing(
    'Another process owns the data directory.',
    'Stop it, or choose another directory with --data.',
  ),
  'data.format': refused(
    'The data directory was written by a newer release.',
    'Use that release or a newer one, or choose another directory with --data.',
  ),

  'broker.missing': refused(
    'No nats-server was found.',
    'Install nats-server 2.12.7 or newer, or name it in BANYAN_NATS_SERVER.',
  ),
  'broker.version': refused(
    'The broker is older than what Banyan needs.',
    'Upgrade nats-server to 2.12.7 or newer; older ones acknowledged messages they had not stored.',
  ),
  'broker.unreachable': passing(
    'The broker cannot be reached.',
    'Check --nats and that the broker is running.',
  ),
  'broker.start': refused(
    'The embedded broker did not start.',
    'The message quotes its log; check port and disk.',
  ),
  'broker.unsafe': refused(
    'The broker is configured so that acknowledged messages can be lost.',
    'Correct what the message names, or start with the option that accepts it.',
  ),
  'broker.permission': refused(
    'The broker does not permit this user to do that.',
    'Check the credentials and the permissions that "banyan doctor" lists.',
  ),
  'node.unreachable': passing('The node did not answer.', 'Check with "banyan node list" that it is alive.'),
  'node.not_found': refused('There is no node of this name.', 'See the nodes with "banyan node list".'),
  'namespace.owned': refused(
    'Another system uses this namespace on this broker.',
    'Choose another namespace, or connect with its own settings.',
  ),

  'content.not_found': refused(
    'The content is not in the object store.',
    'Check the reference; it may have expired.',
  ),
  'content.mismatch': refused(
    'The content does not have the hash or size that its reference names.',
    'Send the content again; check the broker store if it happens again.',
  ),
  'content.too_large': refused('The content is larger than the limit.', 'Split it into several artifacts.'),
  'task.failed': passing(
    'A task failed.',
    "The message says why; the actor's <task>.failed message carries it.",
  ),

  'worker.start': refused(
    'A worker did not start.',
    'The message says why and quotes what it printed last; correct its module.',
  ),
  'worker.failed': passing(
    'A worker ended with a failure.',
    'Its supervisor starts it again by its restart type; the message and the log say what happened.',
  ),
  'worker.hung': passing(
    'A worker did not answer within answerMs and was killed.',
    'Let it give way to its event loop from time to time, or raise answerMs.',
  ),
  'worker.out_of_memory': passing(
    'A worker ran out of memory.',
    'Raise its heapMb, or let it keep less at a time.',
  ),
  'worker.not_running': passing(
    'The worker does not run at the moment.',
    'See with "banyan worker list" whether its supervisor starts it again.',
  ),
  'worker.not_found': refused(
    'The application declares no worker of this name.',
    'See the workers with "banyan worker list".',
  ),
  'dead.not_found': refused('There is no such dead letter.', 'See the dead letters with "banyan dead list".'),
  authorisation: refused('This action needs a token.', 'Use the token in run.json of the data directory.'),
  internal: refused(
    'An unexpected error happened.',
    'This is a bug: please report it with the message and the log.',
  ),

  ...PIPELINE_ERRORS,
} as const satisfies Readonly<Record<string, ErrorEntry>>;

/** Any code of the catalogue. */
export type ErrorCode = keyof typeof ERRORS;
