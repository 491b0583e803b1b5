/**
 * A pod's inbox, as the cases listen to it.
 *
 * @module
 */

import type { Holder, Invalidation } from "../public.ts";
import type { Pod } from "./pod.ts";

/** Keeps what it hears. */
export class Inbox {
  readonly heard: Invalidation[] = [];
  #stop: () => Promise<void> = () => Promise.resolve();

  /** Starts to listen. */
  static async of(pod: Pod, holder: Holder = pod.holder): Promise<Inbox> {
    const inbox = new Inbox();
    inbox.#stop = await pod.can("subscribe", "inbox").subscribe(holder, {
      onInvalidation: (invalidation) => void inbox.heard.push(invalidation),
      onGap: () => {},
    });
    return inbox;
  }

  /** How many words were about this key. */
  about(key: string): number {
    return this.heard.filter((word) => word.key === key).length;
  }

  /** Stops listening. */
  end(): Promise<void> {
    return this.#stop();
  }
}
