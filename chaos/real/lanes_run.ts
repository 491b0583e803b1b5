/**
 * Runs cases on several lanes side by side: what is real waits most of the time.
 *
 * @module
 */

import { runCampaign } from "../campaign.ts";
import type { CampaignResult, Tally } from "../campaign_result.ts";
import type { CorpusEntry } from "../corpus.ts";
import type { FaultKind } from "../fault_kinds.ts";
import type { Profile } from "../profiles.ts";
import type { RealLane } from "./real_lane.ts";

/** What is run, and on what. */
export interface LanesRunOptions {
  readonly seed: number;
  /** Begins with this case, which a failure's report names, on one lane. */
  readonly path: string | undefined;
  /** Histories of all lanes together; undefined: until the time is up. */
  readonly runs: number | undefined;
  readonly faults: readonly FaultKind[];
  /** How faults are put together; undefined: a mixture. */
  readonly profile?: Profile | undefined;
  /** Run before all others, each lane its part. @default none */
  readonly corpus?: readonly CorpusEntry[];
  /** Run alone, on one lane, `runs` times, or until it has had its chances. */
  readonly only?: CorpusEntry;
  readonly timeLimitMs: number;
  /** Of that, the longest time for making a failing case smaller. */
  readonly shrinkMs?: number;
  readonly signal: AbortSignal;
  readonly onTally: (tallies: readonly Tally[]) => void;
  /** Makes the lane of that index. */
  readonly open: (index: number) => Promise<RealLane>;
}

/** What came of it, lane by lane. */
export interface LanesRun {
  readonly results: readonly CampaignResult[];
  /** The store's version as it said it. */
  readonly server: string | undefined;
}

/** Lanes side by side at most. */
const LANES = 3;
/** Each lane starts three processes, which must be worth it. */
const LEAST_MS_A_LANE = 10_000;
/** Tries of a real case that failed before: its timing differs each time. */
const REAL_TRIES = 20;
/** How often the smallest case is run, to tell how often it fails. */
const LOOKS = 5;

/** Runs cases until the time is up, all were run, or one has failed. */
export async function runLanes(options: LanesRunOptions): Promise<LanesRun> {
  return await new LanesRunner(options).run();
}

class LanesRunner {
  readonly #options: LanesRunOptions;
  readonly #endsAtMs: number;
  readonly #count: number;
  readonly #lanes: RealLane[] = [];
  readonly #tallies: Tally[] = [];
  readonly #found = new AbortController();
  readonly #signal: AbortSignal;

  constructor(options: LanesRunOptions) {
    const { path, only, runs, timeLimitMs, signal } = options;
    this.#options = options;
    this.#endsAtMs = performance.now() + timeLimitMs;
    const affordable = Math.max(1, Math.floor(timeLimitMs / LEAST_MS_A_LANE));
    const isOne = path !== undefined || only !== undefined;
    this.#count = isOne ? 1 : Math.min(LANES, affordable, runs ?? LANES);
    this.#signal = AbortSignal.any([this.#found.signal, signal]);
  }

  async run(): Promise<LanesRun> {
    try {
      const campaigns: Promise<CampaignResult>[] = [];
      while (this.#lanes.length < this.#count && !this.#signal.aborted) {
        const lane = await this.#options.open(this.#lanes.length);
        this.#lanes.push(lane);
        await lane.open();
        // The next one once this one has its pods: many at once keep each other from starting.
        const { promise: hasRun, resolve } = Promise.withResolvers<void>();
        const campaign = this.#campaign(lane, this.#lanes.length - 1, resolve);
        campaigns.push(campaign);
        await Promise.race([hasRun, campaign]);
      }
      return { results: await Promise.all(campaigns), server: this.#lanes[0]?.server };
    } finally {
      await Promise.all(this.#lanes.map((lane) => lane.stop()));
    }
  }

  async #campaign(lane: RealLane, index: number, onFirst: () => void): Promise<CampaignResult> {
    const { seed, path, runs, faults, profile, corpus = [], only, shrinkMs, onTally } =
      this.#options;
    const result = await runCampaign({
      // Each lane its own seed, so that a failure names one that repeats it alone.
      seed: (seed + index) | 0,
      ...(path === undefined ? {} : { path }),
      ...(runs === undefined ? {} : { runs: Math.ceil((runs - index) / this.#count) }),
      timeLimitMs: this.#endsAtMs - performance.now(),
      ...(shrinkMs === undefined ? {} : { shrinkMs }),
      signal: this.#signal,
      runner: (chaosCase) => lane.run(chaosCase),
      cases: { faults: weighted(faults), time: "real", ...(profile && { profile }) },
      corpus: corpus.filter((_, place) => place % this.#count === index),
      isDeterministic: false,
      tries: path === undefined ? 2 : REAL_TRIES,
      looks: LOOKS,
      ...(only && { corpusTries: runs ?? REAL_TRIES, runs: 0 }),
      onHistory: (tally) => {
        onFirst();
        this.#tallies[index] = tally;
        onTally(this.#tallies.filter((known) => known !== undefined));
      },
    });
    if (result.finding) this.#found.abort();
    return result;
  }
}

/** Deaths are what it is about, and lost or late commands take no time: both come more often than what takes long. */
function weighted(kinds: readonly FaultKind[]): FaultKind[] {
  return kinds.flatMap((kind) => Array<FaultKind>(WEIGHTS[kind] ?? 1).fill(kind));
}

const WEIGHTS: Readonly<Partial<Record<FaultKind, number>>> = {
  "pod-kill": 5,
  "reply-cut": 3,
  "request-cut": 3,
  "late-execution": 3,
};

/** Pods are kept across histories, so a lane's share one: the same for the same seed. */
export function failModeOf(seed: number): "open" | "closed" {
  return seed % 4 === 3 ? "closed" : "open";
}
