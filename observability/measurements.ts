/**
 * What is measured of a manager, whichever library exports it: counted as it happens, and read when somebody asks.
 *
 * @module
 */

import { ConfigError } from "../core/errors.ts";
import type { LostReason, RejectedReason, UnrecoveredReason } from "../core/events.ts";
import type { CallEnd, HitCounts, ObservedCall, ObservedCommand } from "../core/observer.ts";
import type { BaseSessionManager } from "../core/session_manager.ts";

/** A manager, as far as it is looked at; of whatever context. */
export type ObservedManager = Pick<
  BaseSessionManager,
  "backend" | "observe" | "on" | "status" | "hitCounts"
>;

/** Tenants that may have a label of their own, at most: each multiplies the series. */
const MOST_TENANTS = 100;

/** The label value of all tenants that have none of their own. */
const OTHER_TENANTS = "other";

/** One value, and what it is about. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Something that is measured. */
export interface Measurement {
  /** As Prometheus has it. */
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  readonly labelNames: readonly string[];
  /** The present values. */
  samples(): readonly Sample[];
}

/** Seconds of latency up to which commands are counted together; 0.2 is the threshold of the alert. */
export const LATENCY_BUCKETS: readonly number[] = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5],
];

/** Name and help of what each library measures in its own way. */
export const LATENCY = {
  name: "hakgal_session_redis_latency_seconds",
  help: "Time from a command to the store to its answer, or to the end of the wait, in seconds.",
} as const;

const STATES = ["up", "down", "recovering"] as const;

// Counted from the start, so that the first of each is seen as a rise.
const UNRECOVERED_REASONS = namesOf<UnrecoveredReason>({
  unavailable: 1,
  rejected: 1,
  corrupt: 1,
});
const REJECTED_REASONS = namesOf<RejectedReason>({
  destroyed: 1,
  expired: 1,
  vanished: 1,
  unknown: 1,
  invalid: 1,
  conflict: 1,
  "too-old": 1,
  corrupt: 1,
  undecidable: 1,
});
const LOST_REASONS = namesOf<LostReason>({ "no-copy": 1, diverged: 1, superseded: 1 });

/** All names of a type: the compiler finds one that is missing. */
function namesOf<Name extends string>(names: Readonly<Record<Name, 1>>): readonly string[] {
  return Object.keys(names);
}

/** Everything that is measured of one manager, but latencies. */
export class Measurements {
  readonly #manager: ObservedManager;
  readonly #tenants: ReadonlySet<string> | undefined;
  readonly #before: HitCounts;
  readonly #ends: (() => void)[] = [];
  readonly #counters: Counter[] = [];
  readonly #calls: Counter;
  readonly #hits: Counter;
  readonly #misses: Counter;
  readonly #degradedReads: Counter;
  readonly #degradedWrites: Counter;
  readonly #journalFull: Counter;
  readonly #duplicates: Counter;

  /**
   * Begins to count. With `tenants`, these have a label of their own.
   *
   * @throws ConfigError when there are more than 100
   */
  constructor(manager: ObservedManager, tenants: readonly string[] | undefined) {
    this.#manager = manager;
    this.#tenants = checkTenants(tenants);
    this.#before = manager.hitCounts();
    this.#calls = this.#counter("calls_total", "Calls that ended, by operation and outcome.", {
      labels: ["operation", "outcome"],
    });
    this.#hits = this.#counter("cache_hits_total", "Reads (get, getOrCreate) answered by memory.");
    this.#misses = this.#counter("cache_misses_total", "Reads for which the store was asked.");
    this.#degradedReads = this.#counter(
      "degraded_reads_total",
      "Reads (getOrCreate among them) answered without the store because it was away.",
    );
    this.#degradedWrites = this.#counter(
      "degraded_writes_total",
      "Writes put into the journal because the store was away.",
    );
    this.#journalFull = this.#counter(
      "journal_full_total",
      "Writes refused because the store was away and the journal had no room.",
    );
    this.#duplicates = this.#counter(
      "duplicates_total",
      "Retries that the store recognised: applied before, and not again.",
      { isByTenant: false },
    );
    this.#countEvents();
    this.#ends.push(manager.observe({
      call: (call) => (end) => this.#count(call, end),
      ...(this.#tenants && { hit: (call, end) => this.#count(call, end) }),
      command: (command) => this.#countDuplicate(command),
    }));
  }

  /** All that is measured. */
  get all(): readonly Measurement[] {
    return [...this.#counters, ...this.#gauges()];
  }

  /** Counts no more. */
  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  #countEvents(): void {
    const recovered = this.#counter(
      "recovery_total",
      "Sessions found in the store that this pod did not hold.",
    );
    this.#on("recovered", ({ tenant }) => recovered.add([], tenant));
    const failed = this.#counter(
      "recovery_failures_total",
      "Looks at a session that this pod did not hold and that could not be loaded.",
    );
    const reasons = this.#counter("recovery_failure_reasons_total", "The same, by reason.", {
      labels: ["reason"],
      known: UNRECOVERED_REASONS,
      isByTenant: false,
    });
    this.#on("recoveryFailed", ({ tenant, reason }) => {
      failed.add([], tenant);
      reasons.add([reason]);
    });
    const rejected = this.#counter(
      "rejected_total",
      "Operations accepted while the store was away that could not be kept, by reason.",
      { labels: ["reason"], known: REJECTED_REASONS },
    );
    this.#on("rejected", (event) => rejected.add([event.reason], event.tenant, event.operations));
    const lost = this.#counter(
      "lost_total",
      "Sessions with acknowledged writes that are in no store and cannot be put back, by reason.",
      { labels: ["reason"], known: LOST_REASONS },
    );
    this.#on("lost", ({ tenant, reason }) => lost.add([reason], tenant));
    const vanished = this.#counter(
      "vanished_total",
      "Held sessions without a trace in a store that kept its memory: evicted, or deleted by hand.",
    );
    this.#on("vanished", ({ tenant }) => vanished.add([], tenant));
    const healed = this.#counter("healed_total", "Sessions put back into a store that lost them.");
    this.#on("healed", ({ tenant }) => healed.add([], tenant));
    const corrupt = this.#counter("corrupt_total", "Reads of a record that cannot be read.");
    this.#on("corrupt", ({ tenant }) => corrupt.add([], tenant));
    const whole = { isByTenant: false } as const;
    const outages = this.#counter("outages_total", "Times that the breaker opened.", whole);
    this.#on("degraded", () => outages.add([]));
    const losses = this.#counter(
      "memory_losses_total",
      "Times that the store lost its memory, or may have.",
      whole,
    );
    this.#on("memoryLost", () => losses.add([]));
    const stalls = this.#counter(
      "stalls_total",
      "Times that the store refused what was journaled, e.g. for want of memory.",
      whole,
    );
    this.#on("stalled", () => stalls.add([]));
  }

  readonly #on: ObservedManager["on"] = (name, listener) => {
    const end = this.#manager.on(name, listener);
    this.#ends.push(end);
    return end;
  };

  #gauges(): Measurement[] {
    const { status } = this.#manager;
    const now = () => status.call(this.#manager);
    return [
      gauge("cached_sessions", "Sessions held in memory.", () => now().cached),
      gauge("cached_bytes", "What they take in memory, roughly.", () => now().cachedBytes),
      gauge(
        "journal_entries",
        "Sessions with writes that the store does not have yet.",
        () => now().journaled,
      ),
      gauge(
        "journal_bytes",
        "What these writes take in memory, roughly.",
        () => now().journaledBytes,
      ),
      gauge(
        "journal_limit_bytes",
        "What they may take (journal.maxBytes); writes are refused beyond.",
        () => now().journaledMaxBytes,
      ),
      gauge("active_sessions", "Sessions with calls under way.", () => now().active),
      {
        name: "hakgal_session_breaker_state",
        help:
          "1 for the present state: up (closed), down (open), recovering (closed, the journal drains).",
        kind: "gauge",
        labelNames: ["state"],
        samples: () => {
          const { store } = now();
          return STATES.map((state) => ({ labels: { state }, value: Number(state === store) }));
        },
      },
    ];
  }

  #count({ operation, tenant }: ObservedCall, end: CallEnd): void {
    this.#calls.add([operation, end.outcome], tenant);
    if (end.outcome === "JOURNAL_FULL") this.#journalFull.add([], tenant);
    const isRead = operation === "get" || operation === "getOrCreate";
    if (isRead && end.outcome === "ok") {
      (end.source === "memory" ? this.#hits : this.#misses).add([], tenant);
    }
    if (!end.degraded || end.outcome !== "ok") return;
    const reads = isRead || operation === "loadFromStore";
    (reads ? this.#degradedReads : this.#degradedWrites).add([], tenant);
  }

  #countDuplicate({ command, reply }: ObservedCommand): void {
    if (command === "commit" && reply === "duplicate") this.#duplicates.add([]);
  }

  #counter(
    name: string,
    help: string,
    options: { labels?: readonly string[]; known?: readonly string[]; isByTenant?: boolean } = {},
  ): Counter {
    const { labels = [], known, isByTenant = true } = options;
    const tenants = isByTenant ? this.#tenants : undefined;
    const counter: Counter = new Counter(`hakgal_session_${name}`, help, {
      labels,
      tenants,
      known: known?.map((value) => [value]) ?? (labels.length === 0 ? [[]] : []),
      more: () => this.#uncounted(counter),
    });
    this.#counters.push(counter);
    return counter;
  }

  /** Reads that memory answered at once are counted by the manager itself, unless each is told for its tenant. */
  #uncounted(counter: Counter): readonly (readonly [values: readonly string[], count: number])[] {
    if (this.#tenants) return [];
    const { get, getOrCreate, degraded } = this.#manager.hitCounts();
    const gets = get - this.#before.get;
    const creates = getOrCreate - this.#before.getOrCreate;
    switch (counter) {
      case this.#calls:
        return [[["get", "ok"], gets], [["getOrCreate", "ok"], creates]];
      case this.#hits:
        return [[[], gets + creates]];
      case this.#degradedReads:
        return [[[], degraded - this.#before.degraded]];
      default:
        return [];
    }
  }
}

/** Something that is counted, by the values of its labels. */
class Counter implements Measurement {
  readonly name: string;
  readonly help: string;
  readonly kind = "counter";
  readonly labelNames: readonly string[];
  readonly #tenants: ReadonlySet<string> | undefined;
  readonly #counts = new Map<string, { values: readonly string[]; count: number }>();
  readonly #more: () => readonly (readonly [values: readonly string[], count: number])[];

  constructor(name: string, help: string, options: {
    readonly labels: readonly string[];
    readonly tenants: ReadonlySet<string> | undefined;
    /** Values that are there from the start, so that their first event is seen as a rise. */
    readonly known: readonly (readonly string[])[];
    /** What is counted elsewhere. */
    readonly more: () => readonly (readonly [values: readonly string[], count: number])[];
  }) {
    const { labels, tenants, known, more } = options;
    this.name = name;
    this.help = help;
    this.labelNames = tenants ? [...labels, "tenant"] : labels;
    this.#tenants = tenants;
    this.#more = more;
    for (const values of known) this.#add(tenants ? [...values, OTHER_TENANTS] : values, 0);
  }

  add(values: readonly string[], tenant?: string, by = 1): void {
    if (!this.#tenants) return this.#add(values, by);
    const isNamed = tenant !== undefined && this.#tenants.has(tenant);
    this.#add([...values, isNamed ? tenant : OTHER_TENANTS], by);
  }

  #add(values: readonly string[], by: number): void {
    const key = values.join("\0");
    const held = this.#counts.get(key);
    if (held) held.count += by;
    else this.#counts.set(key, { values, count: by });
  }

  samples(): readonly Sample[] {
    const sums = new Map([...this.#counts].map(([key, { values, count }]) => [
      key,
      { labels: this.#labelled(values), value: count },
    ]));
    for (const [values, count] of this.#more()) {
      const key = values.join("\0");
      const value = (sums.get(key)?.value ?? 0) + count;
      if (value > 0) sums.set(key, { labels: this.#labelled(values), value });
    }
    return [...sums.values()];
  }

  #labelled(values: readonly string[]): Readonly<Record<string, string>> {
    return Object.fromEntries(this.labelNames.map((name, index) => [name, values[index]!]));
  }
}

function gauge(name: string, help: string, value: () => number): Measurement {
  return {
    name: `hakgal_session_${name}`,
    help,
    kind: "gauge",
    labelNames: [],
    samples: () => [{ labels: {}, value: value() }],
  };
}

function checkTenants(tenants: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (tenants === undefined) return undefined;
  if (!Array.isArray(tenants) || tenants.length > MOST_TENANTS) {
    throw new ConfigError(
      "tenants",
      `"tenants" names those that have a label of their own, at most ${MOST_TENANTS}: each multiplies the series. ` +
        `All others are counted as "${OTHER_TENANTS}".`,
    );
  }
  return new Set(tenants);
}
