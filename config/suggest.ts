/** "Did you mean": the known name that is closest to a wrong one. */

/** The nearest name within a third of its length in edits; undefined when nothing is close. */
export function suggest(wrong: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestEdits = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const edits = editDistance(wrong.toLowerCase(), name.toLowerCase());
    if (edits < bestEdits && edits <= Math.max(1, Math.floor(name.length / 3))) {
      best = name;
      bestEdits = edits;
    }
  }
  return best;
}

/** Levenshtein's distance: the fewest insertions, deletions and replacements between two texts. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, replaced));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
