/**
 * Preloaded into a node, turns its checkpoints off: no row counts as unsaved, so none is ever written and the
 * log is never trimmed. No setting does this, because a partition whose rows are never saved stops at
 * `LIMITS.unsavedRows`. End such a node with a kill: its last checkpoint would say that there is nothing.
 */
import { UnsavedRows } from '../../runtime/unsaved-rows.ts';

UnsavedRows.prototype.open = () => {};
