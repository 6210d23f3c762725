/** The names of every header that we read or write; nobody else spells them. */

export const HEADER = {
  /** De-duplicates in the stream; ours is `<sender>:<kind>/<key>:<id>` because it is stream-wide (rule R14). */
  msgId: 'Nats-Msg-Id',
  /** The name of an outside sender; with `Banyan-Seq` its messages take effect once (rule R5). */
  sender: 'Banyan-Sender',
  seq: 'Banyan-Seq',
  /** The version of the message's schema that the sender knows. */
  version: 'Banyan-Version',
  correlationId: 'Banyan-Correlation-Id',
  /** An address that receives the result as a tell. */
  replyTo: 'Banyan-Reply-To',
  /** W3C trace context. */
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  contentType: 'Content-Type',
  /** On a frame: the version of its format. Internal. */
  frame: 'Banyan-Frame',
  /** On what the runtime publishes: `<partition>.<entry>.<index>.<effect>` of the turn that made it. Internal. */
  from: 'Banyan-From',
  /** On an entry that the gateway appended for a call: the subject that waits for the result. Internal. */
  callReply: 'Banyan-Call-Reply',
  /** On `sys.internal`: the token of run.json, for what only actors may send. */
  token: 'Banyan-Token',
  /** In an error reply: its message, and its code of our catalogue, where NATS services put theirs. */
  serviceError: 'Nats-Service-Error',
  serviceErrorCode: 'Nats-Service-Error-Code',
} as const;

/** The content type that says JSON; anything absent is msgpack. */
export const JSON_CONTENT_TYPE = 'application/json';
