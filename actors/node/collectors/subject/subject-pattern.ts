/** NATS subjects as a target names them: which may be collected, and which of a stream's subjects contain them. */
import { BanyanError } from '../../../../protocol/errors.ts';

const token = /^[^\s.*>\0]+$/;

/**
 * Throws `target.refused` for what is no subject, and for one that could match what is not for collectors: the
 * namespace's own subjects (its log and events, and with them whatever collecting leads to), NATS' own (`$…`), and
 * other clients' replies (`_INBOX`).
 */
export function checkSubject(subject: string, namespace: string | undefined): void {
  const tokens = subject.split('.');
  const last = tokens.length - 1;
  const valid = tokens.every((part, at) => part === '*' || (part === '>' && at === last) || token.test(part));
  if (!valid || subject.length > 255) throw refused(subject, 'it is not a NATS subject');
  const [first = ''] = tokens;
  if (first === '*' || first === '>')
    throw refused(subject, 'its first token must not be a wildcard: it would match internal subjects');
  if (first === namespace)
    throw refused(subject, `the subjects of the namespace '${namespace}' are internal`);
  if (first.startsWith('$') || first === '_INBOX') throw refused(subject, 'it belongs to NATS itself');
}

const refused = (subject: string, why: string): BanyanError =>
  new BanyanError('target.refused', { message: `${JSON.stringify(subject)} is not collected: ${why}.` });

/** Whether every subject that `inner` matches is matched by `outer`, too. */
export function covers(outer: string, inner: string): boolean {
  const [wide, narrow] = [outer.split('.'), inner.split('.')];
  for (const [at, part] of wide.entries()) {
    const other = narrow[at];
    if (part === '>') return other !== undefined;
    if (other === undefined || other === '>') return false;
    if (part !== '*' && part !== other) return false;
  }
  return wide.length === narrow.length;
}
