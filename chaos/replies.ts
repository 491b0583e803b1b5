/**
 * What a store answers, counted.
 *
 * @module
 */

import type { CommitBatch, CommitReply } from "../mod.ts";

/** Counts the replies of one history. */
export class Replies {
  readonly #counts = new Map<string, number>();
  /** The pod that began each rotation. */
  readonly #rotations = new Map<string, string>();

  /** How often each came, by name. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Counts one. */
  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Counts the reply to a commit of a pod. */
  commit(pod: string, { operations }: CommitBatch, { outcome }: CommitReply): void {
    this.count(`commit ${outcome}`);
    for (const operation of operations) {
      if (operation.kind === "freeze" && !this.#rotations.has(operation.nonce)) {
        this.#rotations.set(operation.nonce, pod);
      } else if (operation.kind === "adopt" && outcome === "applied") {
        const by = this.#rotations.get(operation.nonce);
        if (by !== undefined && by !== pod) this.count("rotation taken over");
      }
    }
  }
}
