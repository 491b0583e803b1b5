/**
 * What is under way between the pods of a small world and their store: each command waits until it is chosen.
 *
 * @module
 */

import { StoreUnavailableError } from "../../mod.ts";
import { Fingerprint, sumOf } from "./fingerprint.ts";
import type { WorldClock } from "./world_clock.ts";

/** What is sent: a command to the store, or a write to the pod's own journal. */
export type CommandKind = "commit" | "load" | "heal" | "write";

/** A command that was begun and has not ended. */
export interface Command {
  readonly pod: number;
  readonly kind: CommandKind;
  /** The store's key. */
  readonly key: string;
  /** Which command it is: how its pod came to send it. */
  readonly id: number;
  /** `sent`: not executed. `executed`: its reply is under way. `orphan`: not executed, and nobody waits for it. */
  stage: "sent" | "executed" | "orphan";
  /** The log of what it met when it was executed: its reply depends on nothing else. */
  met: number;
  readonly execute: () => Promise<void>;
  /** Its sender gets the reply. */
  readonly deliver: () => void;
  /** Its sender is told that nothing is known of it. */
  readonly cut: () => void;
}

/** A pod that sends. */
export interface Sender {
  readonly pod: number;
  isDead: boolean;
  /** What it has seen: what it does follows from that alone. */
  readonly seen: Fingerprint;
  /** Commands that it sent so far. */
  sent: number;
}

/** What is done with a command. */
export interface Sending<Reply> {
  readonly kind: CommandKind;
  readonly key: string;
  readonly run: () => Promise<Reply>;
  /** Whether the record is another after it. */
  readonly changes: (reply: Reply) => boolean;
}

/** What a pod may have seen besides replies. */
const REFUSED = -1;
const CUT = -2;

const STAGES: readonly Command["stage"][] = ["sent", "executed", "orphan"];

/** Everything that is under way. */
export class Wire {
  /** In the order in which they were sent. */
  readonly commands: Command[] = [];
  /** Whether everything is executed and answered at once. */
  isOpen = true;
  isDown = false;
  readonly #clock: WorldClock;
  /** By the store's key: the commands that changed the record. */
  readonly #records = new Map<string, Fingerprint>();
  #memories = 0;

  constructor(clock: WorldClock) {
    this.#clock = clock;
  }

  /** The store lost its memory. */
  forget(): void {
    this.#records.clear();
    this.#memories++;
  }

  /** Takes in a command. */
  send<Reply>(from: Sender, { run, changes, ...what }: Sending<Reply>): Promise<Reply> {
    if (from.isDead) return new Promise(() => {});
    const { seen, pod } = from;
    if (this.isDown && what.kind !== "write") {
      seen.add(REFUSED);
      return Promise.reject(refused());
    }
    if (this.isOpen) return run();
    const id = seen.copy().add(++from.sent).value;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    let reply: { readonly value: Reply } | undefined;
    const command: Command = {
      ...{ ...what, pod, id, stage: "sent", met: 0 },
      execute: async () => {
        const value = await run();
        reply = { value };
        this.#note(command, changes(value));
      },
      deliver: () => {
        seen.addWide(id).addWide(command.met).addTime(this.#clock.now());
        resolve(reply!.value);
      },
      cut: () => {
        seen.addWide(id).add(CUT).addTime(this.#clock.now());
        reject(cut());
      },
    };
    this.commands.push(command);
    return promise;
  }

  /** Answers at once what is no choice: opening, and heartbeats. */
  ask<Reply>(from: Sender, run: () => Promise<Reply>): Promise<Reply> {
    if (from.isDead) return new Promise(() => {});
    from.seen.add(this.isDown ? REFUSED : this.#memories).addTime(this.#clock.now());
    return this.isDown ? Promise.reject(refused()) : run();
  }

  /** Takes a command out. */
  remove(command: Command): void {
    this.commands.splice(this.commands.indexOf(command), 1);
  }

  /**
   * Adds what the store has come to, and what is under way, to a log. What happened under different keys is added
   * without an order: such commands commute.
   */
  addTo(log: Fingerprint): void {
    let records = 0;
    for (const { value } of this.#records.values()) records = sumOf(records, value);
    let waiting = 0;
    for (const { id, stage, met } of this.commands) {
      const own = new Fingerprint().addWide(id).add(STAGES.indexOf(stage)).addWide(met);
      waiting = sumOf(waiting, own.value);
    }
    log.add(this.#memories).add(this.isDown ? 1 : 0).addWide(records).addWide(waiting);
  }

  #note(command: Command, changes: boolean): void {
    const { key, id } = command;
    const record = this.#records.get(key);
    const after = (record ?? new Fingerprint()).copy().addWide(id).addTime(this.#clock.now());
    command.met = after.value;
    if (changes) this.#records.set(key, after);
  }
}

function refused(): StoreUnavailableError {
  return new StoreUnavailableError("The store is down.", { outcome: "not-applied" });
}

function cut(): StoreUnavailableError {
  return new StoreUnavailableError("The connection was cut.", { outcome: "unknown" });
}
