/**
 * What stands in place of core/failpoint.ts where pods are to die inside: it tells whoever listens by
 * chaos/failpoints.ts. The two share no import, so that this module is in neither package.
 *
 * @module
 */

const KEY = Symbol.for("@hakgal/sessions/failpoints");
const listeners = new Map<string, (place: string) => void>();
Reflect.set(globalThis, KEY, listeners);

/** The pod of that id has come to a place. */
export function failpoint(place: string, pod: string): void {
  listeners.get(pod)?.(place);
}
