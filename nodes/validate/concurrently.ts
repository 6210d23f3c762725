/** Many requests at once, but not all of them. */

/** Runs `body` for each item, at most `width` at a time, and resolves with the results in the items' order. */
export async function concurrently<T, R>(
  items: readonly T[],
  width: number,
  body: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  results.length = items.length;
  const rest = items.entries();
  const work = async (): Promise<void> => {
    // One iterator for all: each takes what no other has taken.
    for (const [index, item] of rest) results[index] = await body(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, work));
  return results;
}
