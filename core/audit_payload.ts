/**
 * What the audit log shows of a call's payload at the level `full`.
 *
 * @module
 */

import type { CallEnd, ObservedCall, ObservedOperation } from "./observer.ts";

const REDACTED = "[redacted]";

/** A longer payload is not written, only its length, in characters of JSON. */
const LONGEST = 2 ** 20;

/** Names of what a caller gives besides ids and settings, by the operation's name. */
const ARGUMENTS: Partial<Record<ObservedOperation, readonly string[]>> = {
  getOrCreate: ["initial"],
  updateContext: ["patch"],
  increment: ["field", "by"],
  appendTrajectory: ["vector"],
  apply: ["changes"],
};

/** Makes payloads into JSON, without the values of fields that are to be kept out. */
export class PayloadWriter {
  readonly #redacted: ReadonlySet<string>;

  constructor(redact: readonly string[]) {
    this.#redacted = new Set(redact.map((name) => name.toLowerCase()));
  }

  /** What the caller gave, as JSON; undefined when it gave nothing. To be called when the call begins. */
  given({ operation, arguments: given }: ObservedCall): string | undefined {
    if (operation === "increment") return this.#increment(given);
    const names = ARGUMENTS[operation];
    return names &&
      this.#json(Object.fromEntries(names.map((name, index) => [name, given[index]])));
  }

  /** What an `update` came to, as JSON: its function says nothing of it. */
  result({ operation }: ObservedCall, { result }: CallEnd): string | undefined {
    if (operation !== "update") return undefined;
    const { context } = (result ?? {}) as { context?: unknown };
    return context === undefined ? undefined : this.#json({ context });
  }

  /** The counter's name is a value here; its amount is redacted by it. */
  #increment([field, by]: readonly unknown[]): string {
    return this.#json({ increment: { [String(field)]: by } });
  }

  #json(payload: object): string {
    const redacted = this.#redacted;
    let json: string;
    try {
      json = JSON.stringify(payload, function (this: unknown, name: string, value: unknown) {
        const isField = name !== "" && !Array.isArray(this);
        return isField && redacted.has(name.toLowerCase()) ? REDACTED : shown(value);
      });
    } catch {
      return `"[not JSON]"`; // A value that contains itself, or that throws: the call is refused for it.
    }
    return json.length > LONGEST ? `"[${json.length} characters]"` : json;
  }
}

/** What JSON would leave out, or has no form for. */
function shown(value: unknown): unknown {
  if (value === undefined) return "[deleted]";
  if (value instanceof Float32Array) return Array.from(value);
  if (typeof value === "bigint") return String(value);
  return typeof value === "function" || typeof value === "symbol" ? `[${typeof value}]` : value;
}
