/**
 * HTML that cannot be broken out of: what is put into it is escaped unless it is markup already.
 *
 * @module
 */

/** Markup that is safe to write. */
export class Markup {
  readonly #text: string;

  /** `text` must be safe. */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What can be put into markup. */
export type Content = Markup | string | number | readonly Content[];

/** Makes markup of a template; what is put in is escaped. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const text = parts.map((part, index) => {
    const content = contents[index];
    return part + (content === undefined ? "" : textOf(content));
  });
  return new Markup(text.join(""));
}

/** A script's data; the script reads it with `JSON.parse`. */
export function jsonMarkup(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

function textOf(content: Content): string {
  if (content instanceof Markup) return content.toString();
  if (typeof content === "number") return String(content);
  if (typeof content === "string") return escapeHtml(content);
  return content.map(textOf).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!)
    .replaceAll("\u0000", "\ufffd");
}
