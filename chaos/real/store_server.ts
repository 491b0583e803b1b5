/**
 * What the real runner asks of a server that it may kill.
 *
 * @module
 */

/** A server of the runner's own, while it runs or not. */
export interface StoreServer {
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP; resolves when the process has stopped. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  resume(): void | Promise<void>;
  /** Starts it where it was, with its data or with none. */
  restart(options?: { readonly empty?: boolean }): Promise<void>;
  /** Ends it for good, and removes what it has left. */
  stop(): Promise<void>;
}

/** A Redis or Valkey server. */
export interface RedisServer extends StoreServer {
  readonly url: string;
  /** Its folder: `data` holds what outlives it. */
  readonly dir: string;
  /** Where it writes its log. */
  readonly logPath: string;
  /** Sets its clock forth by so many milliseconds, or back, where it has one of its own. */
  readonly jumpClock?: ((byMs: number) => Promise<void>) | undefined;
  /** Sends one command over a connection of its own. */
  command(...words: string[]): Promise<unknown>;
}

/** Whether it speaks the Redis protocol. */
export function isRedis(server: StoreServer): server is RedisServer {
  return "command" in server;
}
