/**
 * A wall clock that is wrong.
 *
 * @module
 */

/** From now on everything in this process that asks for the date is told one that is off by so many milliseconds. */
export function skewWallClock(skewMs: number): void {
  const now = globalThis.Date.now;
  const skewedNow = () => now() + skewMs;
  globalThis.Date = new Proxy(globalThis.Date, {
    construct: (target, args) => Reflect.construct(target, args.length > 0 ? args : [skewedNow()]),
    get: (target, name) => name === "now" ? skewedNow : Reflect.get(target, name),
  });
}
