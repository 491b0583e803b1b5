/**
 * The few expectations that the cases use: the suite runs in any test runner, so it brings its own.
 *
 * @module
 */

/** A statement that does not hold. */
export class ConformanceError extends Error {
  override readonly name = "ConformanceError";
}

/** The member of a union of replies that has this outcome. */
export type WithOutcome<Reply, Outcome extends string> = Reply extends
  { readonly outcome: infer Own } ? (Outcome extends Own ? Reply : never) : never;

/** Requires a reply to have an outcome, and answers it as such. */
export function expectOutcome<
  Reply extends { readonly outcome: string },
  Outcome extends Reply["outcome"],
>(reply: Reply, outcome: Outcome, what = "the reply"): WithOutcome<Reply, Outcome> {
  if (reply.outcome !== outcome) {
    throw new ConformanceError(`${what} should be ${outcome}, but it is ${show(reply)}`);
  }
  return reply as WithOutcome<Reply, Outcome>;
}

/** Requires two values to be the same: numbers to the sign of zero, bytes one by one, maps whatever their order. */
export function expectEqual<Value>(actual: Value, expected: Value, what: string): void {
  if (!isEqual(actual, expected)) {
    throw new ConformanceError(`${what} should be ${show(expected)}, but is ${show(actual)}`);
  }
}

/** Requires a condition to hold. */
export function expectTrue(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ConformanceError(what);
}

function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return one.length === other.length && one.every((byte, index) => byte === other[index]);
  }
  if (one instanceof Map && other instanceof Map) {
    return one.size === other.size &&
      [...one].every(([key, value]) => other.has(key) && isEqual(value, other.get(key)));
  }
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const entries = Object.entries(one);
  return entries.length === Object.keys(other).length &&
    entries.every(([key, value]) =>
      Object.hasOwn(other, key) && isEqual(value, (other as Record<string, unknown>)[key])
    );
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return `${part.length} bytes ${part.slice(0, 8).join(" ")} …`;
    if (part instanceof Map) return Object.fromEntries(part);
    if (Object.is(part, -0)) return "-0";
    if (typeof part === "number" && !Number.isFinite(part)) return String(part);
    return part;
  }) ?? "undefined";
  return text.length > 600 ? `${text.slice(0, 600)} …` : text;
}
