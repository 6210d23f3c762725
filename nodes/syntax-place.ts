/** Where the syntax of a module is wrong: Node puts the place above the name of the error, not into its message. */

/** `, in FILE:LINE`; empty for other errors. */
export function syntaxPlace(cause: unknown): string {
  if (!(cause instanceof SyntaxError)) return '';
  const place = /^(?:file:\/\/)?\/.*:\d+$/.exec(cause.stack?.split('\n', 1)[0] ?? '');
  return place === null ? '' : `, in ${place[0]}`;
}
