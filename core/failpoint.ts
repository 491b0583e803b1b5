/**
 * Places at which a test build kills its pod. Here they do nothing; that build has another module in place of this one,
 * by its import map (docs/chaos.md, "Failpoints"). The packages contain this one alone.
 *
 * @module
 */

/**
 * `replied`: a commit was answered, and nothing is known of that yet. `cached`: the copy is up to date, and the caller
 * not answered. `appending`, `truncating`: operations are being written to the journal's place, or taken out of it.
 */
export type Failpoint = "replied" | "cached" | "appending" | "truncating";

/** The pod of that id has come to a place. */
export function failpoint(_place: Failpoint, _pod: string): void {}
