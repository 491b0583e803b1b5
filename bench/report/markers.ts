/**
 * Parts of a document that a command writes, between marks that stay.
 *
 * @module
 */

/** Puts `content` between the marks `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. Throws when they are missing. */
export function fillIn(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(`The document lacks the marks ${begin} and ${end}, one after the other.`);
  }
  return `${document.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${document.slice(to)}`;
}

/** The names of all parts of a document that a command writes. */
export function markedParts(document: string): string[] {
  return [...document.matchAll(/<!-- bench:([\w-]+) -->/g)].map(([, name]) => name!);
}
