/**
 * A place for the journal of a pod in a small world: when a write is done is chosen.
 *
 * @module
 */

import type { JournalStore } from "../../mod.ts";
import type { Sender, Wire } from "./wire.ts";

/** What is written in one place, over all lives of its pod. */
export class WorldJournal {
  readonly #wire: Wire;
  readonly #records = new Map<string, string>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Every record becomes one that nobody understands. */
  damage(): void {
    for (const key of this.#records.keys()) this.#records.set(key, "damaged");
  }

  /** The place as one life of the pod sees it. */
  opened(sender: Sender): JournalStore {
    return {
      open: () => Promise.resolve({ records: new Map(this.#records), damage: undefined }),
      write: (changes) =>
        this.#wire.send(sender, {
          kind: "write",
          key: `journal ${sender.pod}`,
          run: () => Promise.resolve(this.#write(changes)),
          changes: () => false,
        }),
      setAside: (key) => Promise.resolve(`aside/${key}`),
      close: () => Promise.resolve(),
    };
  }

  #write(changes: ReadonlyMap<string, string | undefined>): void {
    for (const [key, record] of changes) {
      if (record === undefined) this.#records.delete(key);
      else this.#records.set(key, record);
    }
  }
}
