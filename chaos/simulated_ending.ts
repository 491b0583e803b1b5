/**
 * How a simulated run ends: pods come to rest, bring what waits into the store, and everybody looks at what is left.
 *
 * @module
 */

import type { CallPlan } from "./call_plan.ts";
import type { ChaosCase } from "./case.ts";
import type { FaultSpans } from "./fault_plan.ts";
import type { Call, SessionName } from "./history.ts";
import type { PodFlush } from "./pod_events.ts";
import type { Recorder } from "./recorder.ts";
import type { SimulatedPod } from "./simulated_pod.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** Virtual time within which every call must have been answered, whatever happens to it. */
const PATIENCE_MS = 600_000;
/** Within which the journal of a pod that is left alone drains, and a pod notices that its store is back. */
const RECONCILED_MS = 9_000;
/** As that, when it is asked for. */
const FLUSHED_MS = 30_000;
/** How often a pod looks whether its store has its memory, and a margin. */
const NOTICED_MS = 2_500;

/** The run that ends. */
export interface EndingOptions {
  readonly chaosCase: ChaosCase;
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
  readonly calls: CallPlan;
  readonly spans: FaultSpans;
  /** The pods by their places; the dead among them, too. */
  readonly pods: readonly (SimulatedPod | undefined)[];
  /** How many lives each place has had. */
  readonly lives: number[];
  /** All sessions that were named. */
  readonly names: ReadonlyMap<string, SessionName>;
  readonly losesMemory: boolean;
  readonly toleranceMs: number;
  /** The living pod of that place. */
  readonly pod: (index: number) => SimulatedPod;
  /** Makes one of the last calls; the answer tells whether it has ended. */
  readonly invoke: (index: number, call: Call) => () => boolean;
}

/** The end of one run, with all faults healed. */
export class SimulatedEnding {
  readonly #options: EndingOptions;

  constructor(options: EndingOptions) {
    this.#options = options;
  }

  /** Waits until all is quiet, looks, and closes the pods. */
  async run(): Promise<void> {
    const { chaosCase, clock, calls, spans, lives, names, pods, toleranceMs } = this.#options;
    const { commandTimeoutMs, maxStalenessMs } = chaosCase.settings;
    await this.#endOne();
    await clock.advance(commandTimeoutMs + maxStalenessMs + toleranceMs);
    await this.#settle();
    // First what the pods hold, then what the store has: a fresh read renews the copy.
    for (const index of lives.keys()) await this.#readAll(index, false);
    for (const index of lives.keys()) await this.#readAll(index, true);
    await clock.advance(spans.lateBoundMs);
    for (const [index, session] of [...names.values()].entries()) {
      await this.#last(index, calls.lastCreate(session));
      await this.#last(index + 1, calls.lastIncrement(session));
    }
    // A pod that has just started holds nothing: it shows what the store has.
    lives.push(0);
    for (const index of lives.keys()) await this.#readAll(index, true);
    for (const pod of pods) void pod?.close().catch(() => {});
    await clock.advance(commandTimeoutMs);
  }

  /** Waits for a pod's flush, and writes down how it ended. */
  async conclude(name: string, ending: Promise<PodFlush>): Promise<void> {
    const { clock, recorder } = this.#options;
    let isDone = false;
    ending.then((flush) => {
      recorder.flush(name, flush);
      isDone = true;
    });
    await clock.advanceUntil(() => isDone, 2 * FLUSHED_MS);
  }

  /** In some histories a pod ends gracefully, the moment that the store is back. */
  async #endOne(): Promise<void> {
    const { chaosCase, clock, pods, losesMemory } = this.#options;
    const { seed, settings } = chaosCase;
    const pod = pods[seed % chaosCase.pods];
    if (seed % 4 > 0 || !pod || pod.isDead || losesMemory) return;
    // First it makes the calls that came while it was frozen.
    await clock.advance(1);
    // With a journal that outlives it, it need not wait.
    const isHasty = settings.durable && seed % 8 === 0;
    await this.conclude(pod.name, pod.end(isHasty ? 0 : FLUSHED_MS));
  }

  /** Every pod, the heirs of the dead among them, brings what waits into the store. */
  async #settle(): Promise<void> {
    const { clock, lives, losesMemory } = this.#options;
    const pods = [...lives.keys()].map((index) => this.#options.pod(index));
    for (const pod of pods) pod.connect();
    if (losesMemory) await clock.advance(NOTICED_MS);
    // It has to happen by itself.
    const isDone = () => pods.every(({ isAway, journaled }) => !isAway && journaled === 0);
    await clock.advanceUntil(isDone, RECONCILED_MS);
    for (const pod of pods) await this.conclude(pod.name, pod.flush(FLUSHED_MS));
  }

  async #readAll(index: number, fresh: boolean): Promise<void> {
    const { names, calls } = this.#options;
    for (const session of names.values()) {
      await this.#last(index, { ...calls.freshRead(session), fresh });
    }
  }

  async #last(index: number, call: Call): Promise<void> {
    const { clock, lives, invoke } = this.#options;
    await clock.advanceUntil(invoke(index % lives.length, call), PATIENCE_MS);
  }
}
