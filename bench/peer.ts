/**
 * What other libraries are to the bench: a session is one value, read and written as a whole.
 *
 * @module
 */

/** A session as the peers keep it. */
export interface PlainSession {
  readonly context: Record<string, number>;
  readonly trajectory: number[][];
}

/** A library that keeps whole values. */
export interface Peer extends AsyncDisposable {
  readonly name: PeerName;
  get(id: string): Promise<PlainSession>;
  set(id: string, session: PlainSession): Promise<unknown>;
}

/** The libraries, by the names under which they stand in figures. */
export const PEER_NAMES = ["connect-redis", "keyv", "bentocache", "unstorage"] as const;

/** One of the libraries. */
export type PeerName = typeof PEER_NAMES[number];
