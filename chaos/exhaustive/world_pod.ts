/**
 * A pod of a small world, over all its lives.
 *
 * @module
 */

import type { StorageAdapter } from "../../mod.ts";
import type { CaseSettings } from "../case.ts";
import type { PodTold } from "../pod_events.ts";
import { PodClock, SimulatedPod } from "../simulated_pod.ts";
import { Fingerprint } from "./fingerprint.ts";
import type { Sender, Wire } from "./wire.ts";
import { WorldAdapter } from "./world_adapter.ts";
import type { WorldClock } from "./world_clock.ts";
import { WorldJournal } from "./world_journal.ts";

/** What a pod is made of. */
export interface WorldPodOptions {
  readonly index: number;
  readonly random: () => number;
  readonly clock: WorldClock;
  readonly wire: Wire;
  readonly settings: CaseSettings;
  /** Makes its way to the store. */
  readonly adapter: () => StorageAdapter;
  readonly hear: (name: string, told: PodTold) => void;
}

/** A pod. */
export class WorldPod {
  /** What all its lives have seen. */
  readonly seen = new Fingerprint();
  readonly #options: WorldPodOptions;
  readonly #journal: WorldJournal;
  #life: SimulatedPod | undefined;
  #sender: Sender | undefined;
  #lives = 0;

  constructor(options: WorldPodOptions) {
    this.#options = options;
    this.#journal = new WorldJournal(options.wire);
  }

  /** The present life, if it has one. */
  get life(): SimulatedPod | undefined {
    return this.#life;
  }

  /** Lives so far. */
  get lives(): number {
    return this.#lives;
  }

  /** The present life; after a death the next one. */
  begin(): SimulatedPod {
    return this.#life ??= this.#start();
  }

  /** Dies at once: what it sent and the store has not executed may be executed later. */
  kill(): void {
    const { clock, wire, index } = this.#options;
    this.#life?.kill();
    this.#life = undefined;
    if (this.#sender) this.#sender.isDead = true;
    this.seen.add(DEATH).addTime(clock.now());
    clock.drop(index);
    for (const command of [...wire.commands]) {
      if (command.pod !== index) continue;
      if (command.stage === "sent" && command.kind !== "write") command.stage = "orphan";
      else if (command.stage !== "orphan") wire.remove(command);
    }
  }

  /** Nobody understands any more what is in its journal. */
  damage(): void {
    this.#journal.damage();
  }

  #start(): SimulatedPod {
    const { index, clock, wire, settings, random, adapter, hear } = this.#options;
    const life = ++this.#lives;
    const name = life === 1 ? `p${index + 1}` : `p${index + 1}.${life}`;
    const sender: Sender = { pod: index, isDead: false, seen: this.seen, sent: 0 };
    this.#sender = sender;
    return new SimulatedPod(name, new PodClock(clock.ofPod(index), 0), {
      ...{ settings, random },
      adapter: new WorldAdapter({ inner: adapter(), wire, clock, sender }),
      place: { opened: () => this.#journal.opened(sender) },
      hear: (told) => hear(name, told),
    });
  }
}

/** In the log of what it has seen. */
const DEATH = -3;
