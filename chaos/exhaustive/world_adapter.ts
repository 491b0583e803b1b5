/**
 * The adapter of a pod in a small world: what it sends waits on the wire.
 *
 * @module
 */

import type {
  CallOptions,
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  HeartbeatOptions,
  HeartbeatReply,
  ListedRecord,
  LoadReply,
  LoadRequest,
  StorageAdapter,
  StoreInfo,
} from "../../mod.ts";
import type { Sender, Wire } from "./wire.ts";
import type { WorldClock } from "./world_clock.ts";

/** Whether a record is another after a reply: what ran out is closed by whoever meets it. */
function changes(reply: CommitReply | LoadReply | HealReply): boolean {
  return reply.outcome === "applied" || reply.outcome === "healed" ||
    reply.outcome === "gone" && reply.reason === "expired";
}

/** What an adapter works with. */
export interface WorldAdapterOptions {
  /** Of the store. */
  readonly inner: StorageAdapter;
  readonly wire: Wire;
  readonly clock: WorldClock;
  readonly sender: Sender;
}

/**
 * Opening and heartbeats do not wait: they are answered at once, or refused while the store is down. Nobody hears of
 * other pods' commits: such words are hints, and a lost one is a schedule of its own.
 */
export class WorldAdapter implements StorageAdapter {
  readonly name = "world";
  readonly #options: WorldAdapterOptions;
  readonly heal?: NonNullable<StorageAdapter["heal"]>;
  readonly heartbeat?: NonNullable<StorageAdapter["heartbeat"]>;

  constructor(options: WorldAdapterOptions) {
    this.#options = options;
    const { inner } = options;
    if (inner.heal) {
      this.heal = (key: string, request: HealRequest, call: CallOptions): Promise<HealReply> =>
        this.#send("heal", key, call, () => inner.heal!(key, request, call));
    }
    if (inner.heartbeat) {
      this.heartbeat = (call: HeartbeatOptions): Promise<HeartbeatReply> =>
        this.#atOnce(call, () => inner.heartbeat!(call));
    }
  }

  open(call: Parameters<StorageAdapter["open"]>[0]): Promise<StoreInfo> {
    return this.#atOnce(call, () => this.#options.inner.open(call));
  }

  commit(key: string, batch: CommitBatch, call: CallOptions): Promise<CommitReply> {
    const { holder: _, ...unheard } = batch;
    return this.#send("commit", key, call, () => this.#options.inner.commit(key, unheard, call));
  }

  load(key: string, request: LoadRequest, call: CallOptions): Promise<LoadReply> {
    const { holder: _, ...unheard } = request;
    return this.#send("load", key, call, () => this.#options.inner.load(key, unheard, call));
  }

  list(prefix: string, call: CallOptions): AsyncIterable<ListedRecord> {
    return this.#options.inner.list(prefix, call);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #send<Reply extends CommitReply | LoadReply | HealReply>(
    kind: "commit" | "load" | "heal",
    key: string,
    { timeoutMs }: CallOptions,
    run: () => Promise<Reply>,
  ): Promise<Reply> {
    const { wire, clock, sender } = this.#options;
    clock.sends(sender.pod, timeoutMs);
    return wire.send(sender, { kind, key, run, changes });
  }

  #atOnce<Reply>({ timeoutMs }: CallOptions, run: () => Promise<Reply>): Promise<Reply> {
    const { wire, clock, sender } = this.#options;
    clock.sends(sender.pod, timeoutMs);
    return wire.ask(sender, run);
  }
}
