/** The errors of the pipeline: a part of the closed list, see `error-catalogue.ts`. */
import { passing, refused } from './error-entry.ts';

export const PIPELINE_ERRORS = {
  'assessor.invalid': refused('This is no assessor.', 'Correct what the message names.'),
  'collector.invalid': refused('This is no collector.', 'Correct what the message names.'),
  'target.refused': refused('The target is not collected.', 'The message says how to allow or correct it.'),

  'quota.exceeded': passing(
    'The quota for this hour is used up.',
    'Wait for retryAfterMs; the quota of a node grows with its success rate.',
  ),
  overload: passing('The system takes no more work at the moment.', 'Wait for retryAfterMs, then try again.'),
  'spool.full': passing(
    'The node keeps as much as it may of what intake has not decided yet.',
    'It goes on by itself when intake takes more; make room on the disk, or raise pipeline.node.spoolBytes.',
  ),
  'artifact.invalid': refused('The artifact is not valid.', 'Correct the field that "path" names.'),
  'dataset.not_found': refused(
    'There is no such dataset version.',
    'See the versions with "banyan dataset list".',
  ),
  'dataset.damaged': refused(
    'The dataset does not match its manifest.',
    'Export the version again from the object store with "banyan dataset export".',
  ),
  'review.not_found': refused(
    'No such scenario waits for a person.',
    'See what waits with "banyan review list".',
  ),
  'review.decided': refused(
    'The scenario was decided otherwise before; that decision stands.',
    'See it with "banyan review show ID".',
  ),
} as const;
