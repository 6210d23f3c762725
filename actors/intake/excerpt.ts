/** The part of a content that travels behind intake. */

/**
 * The first `maxCharacters` UTF-16 units of the content, cut after a whole word; text without any white
 * space is cut between two characters. `complete` says whether that is everything.
 */
export function excerptOf(content: string, maxCharacters: number): { excerpt: string; complete: boolean } {
  if (content.length <= maxCharacters) return { excerpt: content, complete: true };
  const head = content.slice(0, maxCharacters);
  // A word that ends exactly at the limit is whole.
  if (/\s/u.test(content.charAt(maxCharacters))) return { excerpt: head.trimEnd(), complete: false };
  const lastSpace = head.search(/\s\S*$/u);
  if (lastSpace > 0) return { excerpt: head.slice(0, lastSpace).trimEnd(), complete: false };
  const last = head.charCodeAt(head.length - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return { excerpt: splitsPair ? head.slice(0, -1) : head, complete: false };
}
