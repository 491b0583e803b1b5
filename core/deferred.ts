/**
 * A promise that somebody else settles. `Promise.withResolvers` is not in Node 20.
 *
 * @module
 */

/** A promise and what settles it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(reason: unknown): void;
}

/** Makes one that is pending. */
export function deferred<Value>(): Deferred<Value> {
  let settlers!: Omit<Deferred<Value>, "promise">;
  const promise = new Promise<Value>((resolve, reject) => {
    settlers = { resolve, reject };
  });
  return { promise, ...settlers };
}
