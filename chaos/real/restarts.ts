/**
 * Restarts of a server, one after the other.
 *
 * @module
 */

import type { StoreServer } from "./store_server.ts";

/** Restarts one server. */
export class Restarts {
  readonly #server: StoreServer | undefined;
  #restarting: Promise<void> = Promise.resolve();
  #isEnded = false;

  /** Without a server of one's own there is nothing to restart. */
  constructor(server: StoreServer | undefined) {
    this.#server = server;
  }

  /** Kills it, and starts it again with its data. */
  restart(downMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) {
      return Promise.reject(new Error("Somebody else's server is not restarted."));
    }
    this.#restarting = this.#restarting.then(async () => {
      if (this.#isEnded) return;
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, downMs));
      if (!this.#isEnded) await server.restart();
    });
    return this.#restarting;
  }

  /** No more of them: a server that is being started would be left behind. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#restarting.catch(() => {});
  }
}
