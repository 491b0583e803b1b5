/**
 * For tests of one's own code: pods on a store in memory, a clock that the test moves, and an outage when it wants one.
 * Nothing waits for real time, and nothing has to be installed.
 *
 * @example What your code does after the TTL, and while the store is away
 * ```ts
 * import { TestStore } from "@hakgal/sessions/testing";
 *
 * await using store = new TestStore();
 * const acme = store.openPod({ ttlMs: 60_000 }).tenant("acme");
 * await acme.getOrCreate("user-42", { plan: "free" });
 *
 * await store.goAway();
 * console.assert(await acme.increment("user-42", "tx_count_1h") === 1);
 * console.assert((await acme.get("user-42"))?.degraded === true);
 * await store.comeBack();
 * console.assert((await acme.get("user-42"))?.degraded === false);
 *
 * await store.clock.advance(60_000);
 * console.assert(await acme.get("user-42") === undefined);
 * ```
 *
 * @module
 */

import { memoryAdapter, MemoryStore } from "../adapters/memory.ts";
import { type AnyContext, type ManagerOptions, SessionManager } from "../mod.ts";
import { FaultyAdapter } from "./faulty_adapter.ts";
import { StorePower } from "./store_power.ts";
import { VirtualClock } from "./virtual_clock.ts";

export { VirtualClock } from "./virtual_clock.ts";

/** Options of a pod's manager: all but those that the test store sets itself. */
export type TestPodOptions<Context extends object = AnyContext> = Omit<
  ManagerOptions<Context>,
  "adapter" | "clock"
>;

/** How a store comes back. */
export interface ComeBackOptions {
  /** With nothing, as a server without persistence does. @default false */
  readonly empty?: boolean;
}

/** Time of the clock within which all pods must have noticed what became of the store. */
const NOTICED_WITHIN_MS = 60_000;
/** Time of the clock that is moved on for one promise, at most. */
const LONGEST_WAIT_MS = 3_600_000;

/** A store in memory that pods share, on a clock that the test moves. */
export class TestStore implements AsyncDisposable {
  /** Time of the store and of all pods: it stands still until the test moves it. */
  readonly clock: VirtualClock = new VirtualClock();
  readonly #store = new MemoryStore({ clock: this.clock });
  readonly #power = new StorePower();
  /** Those that are open. */
  readonly #pods = new Set<Pick<SessionManager, "status" | "connect" | "close">>();

  /**
   * A manager on this store, as one pod has it; open several to see what each sees of the others.
   *
   * @throws ConfigError when an option is unknown, or out of range
   */
  openPod<Context extends object = AnyContext>(
    options: TestPodOptions<Context> = {},
  ): SessionManager<Context> {
    const wires = { clock: this.clock, power: this.#power };
    const adapter = new PodAdapter(memoryAdapter({ store: this.#store }), wires);
    const pod = new SessionManager<Context>({ ...options, adapter, clock: this.clock });
    this.#pods.add(pod);
    adapter.onClose = () => this.#pods.delete(pod);
    return pod;
  }

  /**
   * Takes the store away: every connection is refused. Resolves when all pods know it; from then on no call waits.
   *
   * @throws Error when a pod has not noticed it within a minute of the clock
   */
  async goAway(): Promise<void> {
    if (this.#power.isDown) return;
    // A pod connects with its first call, and looks after the store from then on.
    await Promise.all([...this.#pods].map((pod) => pod.connect()));
    this.#power.goDown();
    await this.#until("down");
  }

  /**
   * Brings the store back. Resolves when all that the pods had written meanwhile is in it.
   *
   * @throws Error when that has not come about within a minute of the clock
   */
  async comeBack(options: ComeBackOptions = {}): Promise<void> {
    if (!this.#power.isDown) return;
    if (options.empty) this.#store.forget();
    this.#power.comeBack();
    await this.#until("up");
  }

  /**
   * Moves the clock on while `promise` is pending: for calls that wait for the store, e.g. a `flush` or a retry.
   *
   * @throws Error when it is pending after an hour of the clock
   */
  async during<Result>(promise: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const settle = () => void (isSettled = true);
    promise.then(settle, settle);
    if (await this.clock.advanceUntil(() => isSettled, LONGEST_WAIT_MS)) return await promise;
    throw new Error(`Still pending after ${LONGEST_WAIT_MS} ms of the test's clock.`);
  }

  /** Closes all pods. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#power.comeBack();
    await this.during(Promise.all([...this.#pods].map((pod) => pod.close())));
  }

  async #until(state: "up" | "down"): Promise<void> {
    const isReached = () =>
      [...this.#pods].every((pod) => {
        const { store, journaled } = pod.status();
        return store === state && (state === "down" || journaled === 0);
      });
    if (await this.clock.advanceUntil(isReached, NOTICED_WITHIN_MS)) return;
    const states = [...this.#pods].map((pod) => pod.status().store).join(", ");
    throw new Error(
      `After ${NOTICED_WITHIN_MS} ms of the test's clock the store is to be ${state} for every pod, but is ${states}.`,
    );
  }
}

/** Tells when its pod is closed. */
class PodAdapter extends FaultyAdapter {
  onClose: (() => void) | undefined;

  override close(): Promise<void> {
    this.onClose?.();
    return super.close();
  }
}
