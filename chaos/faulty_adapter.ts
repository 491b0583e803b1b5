/**
 * An adapter between a pod and its store that does what networks do: it delays, loses requests, loses
 * replies, and executes what its sender has given up.
 *
 * @module
 */

import {
  type AdapterOpenOptions,
  type CallOptions,
  type Clock,
  type CommitBatch,
  type CommitReply,
  type HealReply,
  type HealRequest,
  type HeartbeatOptions,
  type HeartbeatReply,
  type Holder,
  type InboxListener,
  type ListedRecord,
  type LoadReply,
  type LoadRequest,
  type StorageAdapter,
  type StoreInfo,
  StoreUnavailableError,
  systemClock,
} from "../mod.ts";
import { errorOf, type StorePower, type Trouble } from "./store_power.ts";

/** What happens to one command. */
export type CommandFault =
  /** Lost before it is executed; `not-applied` when the pod can know. */
  | { readonly kind: "request-cut"; readonly outcome: "not-applied" | "unknown" }
  /** Executed, and its reply lost. */
  | { readonly kind: "reply-cut" }
  /** Cut off at once, and executed all the same, after `delayMs`: a retry may overtake it. */
  | { readonly kind: "late-execution"; readonly delayMs: number }
  /** Executed after `requestMs`, and answered `replyMs` later. */
  | { readonly kind: "latency"; readonly requestMs: number; readonly replyMs: number }
  /** Answered, and sent again all the same: it is executed twice, and the second answer is given. */
  | { readonly kind: "resend" }
  /** The pod dies: before the command is written, before it is executed, or before it is answered. */
  | { readonly kind: "pod-kill"; readonly phase: "p0" | "p1" | "p2"; readonly kill: () => void };

/** The command that a fault may hit. */
export interface CommandInfo {
  /** The adapter's method. */
  readonly kind: "commit" | "load" | "heal" | "heartbeat";
  /** Number among the adapter's commands of its kind, from 1. */
  readonly index: number;
}

/** Options of {@linkcode FaultyAdapter}. */
export interface FaultyAdapterOptions {
  /** Time of the network. @default the runtime's clock */
  readonly clock?: Clock;
  /** Time of the pod: what comes in, comes in by this clock. @default `clock` */
  readonly podClock?: Clock;
  /** How long a message takes, in milliseconds, asked for each. @default none */
  readonly latencyMs?: () => number;
  /** What happens to a command. @default nothing */
  readonly faultFor?: (command: CommandInfo) => CommandFault | undefined;
  /** Whether the word of another pod's commit is lost, asked for each. @default never */
  readonly losesInvalidation?: () => boolean;
  /** Hears what the store answers to a commit, whether or not the answer gets through. */
  readonly onCommit?: (batch: CommitBatch, reply: CommitReply) => void;
  /** Hears that the word of another pod's commit got through. */
  readonly onInvalidation?: () => void;
  /** Whether the store is there. @default always */
  readonly power?: StorePower;
  /** Whether the pod has died: then it sends nothing any more. @default never */
  readonly isDead?: () => boolean;
  /** What is wrong with the way to it, asked for each message. @default nothing */
  readonly trouble?: () => Trouble | undefined;
}

/**
 * Wraps any adapter and makes its commands fail as told.
 *
 * @example A commit whose reply is lost takes effect once
 * ```ts
 * import { SessionManager } from "@hakgal/sessions";
 * import { memoryAdapter } from "@hakgal/sessions/adapters/memory";
 * import { FaultyAdapter } from "@hakgal/sessions/chaos";
 *
 * const adapter = new FaultyAdapter(memoryAdapter(), {
 *   faultFor: ({ kind, index }) => kind === "commit" && index === 2 ? { kind: "reply-cut" } : undefined,
 * });
 * await using manager = new SessionManager({ adapter });
 * const acme = manager.tenant("acme");
 * await acme.getOrCreate("user-42");
 * console.assert(await acme.increment("user-42", "tx_count_1h") === 1);
 * ```
 */
export class FaultyAdapter implements StorageAdapter {
  readonly name: string;
  readonly subscribe?: NonNullable<StorageAdapter["subscribe"]>;
  readonly heal?: NonNullable<StorageAdapter["heal"]>;
  readonly heartbeat?: NonNullable<StorageAdapter["heartbeat"]>;
  readonly #inner: StorageAdapter;
  readonly #options: FaultyAdapterOptions;
  readonly #clock: Clock;
  readonly #podClock: Clock;
  readonly #counts = { commit: 0, load: 0, heal: 0, heartbeat: 0 };

  /** `inner` is the adapter that is wrapped; it is closed with this one. */
  constructor(inner: StorageAdapter, options: FaultyAdapterOptions = {}) {
    this.name = inner.name;
    this.#inner = inner;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#podClock = options.podClock ?? this.#clock;
    if (inner.subscribe) {
      this.subscribe = (holder, listener) => this.#subscribe(holder, listener);
    }
    if (inner.heal) {
      this.heal = (key: string, request: HealRequest, options: CallOptions): Promise<HealReply> =>
        this.#send("heal", () => inner.heal!(key, request, options));
    }
    if (inner.heartbeat) {
      this.heartbeat = (options: HeartbeatOptions): Promise<HeartbeatReply> =>
        this.#send("heartbeat", () => inner.heartbeat!(options));
    }
  }

  /** Passed on over the same way as commands; it is none of those that `faultFor` counts. */
  open(options: AdapterOpenOptions): Promise<StoreInfo> {
    return this.#carry("open", () => this.#inner.open(options), undefined);
  }

  /** Passed on, with what happens to it. */
  commit(key: string, batch: CommitBatch, options: CallOptions): Promise<CommitReply> {
    return this.#send("commit", async () => {
      const reply = await this.#inner.commit(key, batch, options);
      this.#options.onCommit?.(batch, reply);
      return reply;
    });
  }

  /** Passed on, with what happens to it. */
  load(key: string, request: LoadRequest, options: CallOptions): Promise<LoadReply> {
    return this.#send("load", () => this.#inner.load(key, request, options));
  }

  /** Passed on. */
  list(prefix: string, options: CallOptions): AsyncIterable<ListedRecord> {
    return this.#inner.list(prefix, options);
  }

  /** Closes the adapter that is wrapped. */
  close(): Promise<void> {
    return this.#inner.close();
  }

  #send<Reply>(kind: CommandInfo["kind"], execute: () => Promise<Reply>): Promise<Reply> {
    if (this.#options.isDead?.()) return new Promise(() => {});
    return this.#carry(
      kind,
      execute,
      this.#options.faultFor?.({ kind, index: ++this.#counts[kind] }),
    );
  }

  async #carry<Reply>(
    kind: CommandInfo["kind"] | "open",
    execute: () => Promise<Reply>,
    fault: CommandFault | undefined,
  ): Promise<Reply> {
    const { power } = this.#options;
    const trouble = this.#options.trouble?.();
    if (power?.isDown || trouble?.kind === "refused") {
      await this.#arrive(0);
      throw lost("not-applied");
    }
    if (fault?.kind === "pod-kill" && fault.phase === "p0") return await dying(fault.kill);

    const requestMs = this.#latencyMs() + (fault?.kind === "latency" ? fault.requestMs : 0) +
      (trouble?.kind === "slow" ? trouble.extraMs : 0);
    // What was written is executed, whether its sender lives, and waits for it, or not.
    const executeAfter = (delayMs: number) =>
      this.#clock.after(delayMs, () => void this.#executeUnlessDown(execute).catch(() => {}));
    if (fault?.kind === "pod-kill" && fault.phase === "p1") {
      executeAfter(requestMs);
      return await dying(fault.kill);
    }
    if (fault?.kind === "late-execution") {
      executeAfter(requestMs + fault.delayMs);
      await this.#arrive(this.#latencyMs());
      throw lost("unknown");
    }
    if (requestMs > 0) await pass(this.#clock, requestMs);
    if (loses(trouble, "requests")) return await new Promise(() => {});
    const { restarts, cuts } = power ?? {};
    while (power?.frozen) await power.frozen;
    if (fault?.kind === "request-cut" || power?.isDown || power?.restarts !== restarts) {
      await this.#arrive(this.#latencyMs());
      throw lost(fault?.kind === "request-cut" ? fault.outcome : "unknown");
    }
    if (trouble?.kind === "locked" && WRITES.includes(kind)) await this.#queue(trouble.waitMs);
    if (trouble?.kind === "error" && (trouble.hits === "all" || WRITES.includes(kind))) {
      await this.#arrive(this.#latencyMs());
      throw errorOf(trouble.code);
    }
    let reply = await execute();
    if (fault?.kind === "resend") {
      await pass(this.#clock, this.#latencyMs());
      reply = await execute();
    }
    if (fault?.kind === "pod-kill") return await dying(fault.kill);
    if (loses(this.#options.trouble?.(), "replies")) return await new Promise(() => {});

    await this.#arrive(
      this.#latencyMs() + (fault?.kind === "latency" ? fault.replyMs : 0) +
        (trouble?.kind === "slow" ? trouble.extraMs : 0),
    );
    const isCut = fault?.kind === "reply-cut" || power?.cuts !== cuts;
    if (isCut) throw lost("unknown");
    return reply;
  }

  /** Waits until nobody else has locked the store. */
  async #queue(mostMs: number): Promise<void> {
    for (let waitedMs = 0; this.#options.trouble?.()?.kind === "locked"; waitedMs += LOCK_STEP_MS) {
      if (waitedMs >= mostMs) throw lost("not-applied");
      await pass(this.#clock, LOCK_STEP_MS);
    }
  }

  /** What a store that is down had been sent is lost with it. */
  async #executeUnlessDown(execute: () => Promise<unknown>): Promise<void> {
    const { power } = this.#options;
    const restarts = power?.restarts;
    while (power?.frozen) await power.frozen;
    if (!power?.isDown && power?.restarts === restarts) await execute();
  }

  async #subscribe(holder: Holder, listener: InboxListener): Promise<() => Promise<void>> {
    const { losesInvalidation, power } = this.#options;
    const forget = power?.listen({
      onInvalidation: () => {},
      onGap: () => void this.#podClock.after(this.#latencyMs(), () => listener.onGap()),
    });
    const end = await this.#inner.subscribe!(holder, {
      onInvalidation: (invalidation) => {
        const isCut = power?.isDown || power?.frozen || isDeaf(this.#options.trouble?.());
        if (isCut || losesInvalidation?.()) return;
        this.#options.onInvalidation?.();
        this.#podClock.after(this.#latencyMs(), () => listener.onInvalidation(invalidation));
      },
      onGap: () => listener.onGap(),
    });
    return async () => {
      forget?.();
      await end();
    };
  }

  #latencyMs(): number {
    return this.#options.latencyMs?.() ?? 0;
  }

  async #arrive(afterMs: number): Promise<void> {
    // Without latency nothing waits for a timer, so that a wrapped adapter is as fast as a bare one.
    if (afterMs > 0 || this.#podClock !== this.#clock) await pass(this.#podClock, afterMs);
  }
}

/** How often it is looked whether a store is still locked. */
const LOCK_STEP_MS = 10;
/** Troubles that keep nobody from hearing of others' commits. */
const PASS_WORD: readonly Trouble["kind"][] = ["slicer", "bandwidth", "locked"];
/** Commands that a store refuses which cannot be written to. */
const WRITES: readonly string[] = ["commit", "heal", "heartbeat"];

function loses(trouble: Trouble | undefined, what: "requests" | "replies"): boolean {
  return trouble?.kind === "loss" && (trouble.of === what || trouble.of === "both");
}

/** Whether the word of other pods' commits is lost. */
function isDeaf(trouble: Trouble | undefined): boolean {
  return trouble !== undefined && !PASS_WORD.includes(trouble.kind);
}

function pass(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}

function lost(outcome: "not-applied" | "unknown"): StoreUnavailableError {
  return new StoreUnavailableError("The connection was cut by the chaos kit.", { outcome });
}

/** A dead pod is never answered. */
function dying(kill: () => void): Promise<never> {
  kill();
  return new Promise(() => {});
}
