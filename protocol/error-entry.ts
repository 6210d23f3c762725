/** One entry of the list of errors, and its two kinds. */

/** What is known of an error before it happens. */
export interface ErrorEntry {
  readonly message: string;
  /** Whether the same request may succeed later without being changed. */
  readonly recoverable: boolean;
  readonly hint: string;
}

/** The request, the data or the program must change first. */
export const refused = (message: string, hint: string) => ({ message, recoverable: false, hint }) as const;
/** The environment may change by itself: trying again later can succeed. */
export const passing = (message: string, hint: string) => ({ message, recoverable: true, hint }) as const;
