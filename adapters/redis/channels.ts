/**
 * Who listens to which channel of the one connection that a driver subscribes with.
 *
 * @module
 */

import type { ChannelListener } from "./driver.ts";

/** Listeners by channel. */
export class Channels {
  readonly #listeners = new Map<string, Set<ChannelListener>>();

  /** Every channel that has a listener. */
  get names(): string[] {
    return [...this.#listeners.keys()];
  }

  /** Adds a listener to each channel. */
  add(channels: readonly string[], listener: ChannelListener): void {
    for (const channel of channels) {
      const listeners = this.#listeners.get(channel) ?? new Set();
      this.#listeners.set(channel, listeners.add(listener));
    }
  }

  /** Takes it away again; answers the channels that nobody listens to any more. */
  remove(channels: readonly string[], listener: ChannelListener): string[] {
    return channels.filter((channel) => {
      const listeners = this.#listeners.get(channel);
      listeners?.delete(listener);
      return listeners?.size === 0 && this.#listeners.delete(channel);
    });
  }

  /** Hands a message on. */
  tell(channel: string, message: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener.onMessage(message);
  }

  /** Tells every listener, once, that messages may have been lost. */
  gap(): void {
    const listeners = new Set([...this.#listeners.values()].flatMap((set) => [...set]));
    for (const listener of listeners) listener.onGap();
  }
}
