/**
 * A client without any library above it: what the least possible commands cost through it.
 *
 * @module
 */

/** An argument of a command. */
export type RawArgument = string | Uint8Array;

/** One connection, and the few commands that the cases need. */
export interface RawClient extends AsyncDisposable {
  /** Loads a script; answers its hash. */
  scriptLoad(text: string): Promise<string>;
  /** Runs a loaded script on one key. */
  evalsha(hash: string, key: string, args: readonly RawArgument[]): Promise<unknown>;
  /** A whole hash, its values as bytes. */
  hgetall(key: string): Promise<unknown>;
  /** Whole hashes, pipelined. */
  hgetallMany(keys: readonly string[]): Promise<unknown>;
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  incr(key: string): Promise<unknown>;
  /** Any command, for setting up. */
  send(name: string, ...args: RawArgument[]): Promise<unknown>;
}
