/**
 * What the real runner asks of a server that it may kill.
 *
 * @module
 */

/** A server of the runner's own, while it runs or not. */
export interface StoreServer {
  readonly url: string;
  /** Its folder: `data` holds what outlives it. */
  readonly dir: string;
  /** Where it writes its log. */
  readonly logPath: string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP; resolves when the process has stopped. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  resume(): void;
  /** Starts it where it was, with its data or with none. */
  restart(options?: { readonly empty?: boolean }): Promise<void>;
  /** Sends one command over a connection of its own. */
  command(...words: string[]): Promise<unknown>;
  /** Ends it for good, and removes its folder. */
  stop(): Promise<void>;
}
