/**
 * Runs one case after the other until one fails, and makes that one as small as it can.
 *
 * @module
 */

import fc from "fast-check";
import { arbitraryCase, type CaseOptions, type ChaosCase } from "./case.ts";
import { checkHistory, type Verdict, type Violation } from "./checker.ts";
import type { CampaignResult, Finding, Sample, Seen, Tally, Undecided } from "./campaign_result.ts";
import type { CorpusEntry } from "./corpus.ts";
import { boundedEvidence } from "./evidence.ts";
import type { FaultKind } from "./fault_kinds.ts";
import { FaultLatencies } from "./fault_latency.ts";
import { type History, writeHistory } from "./history.ts";
import { crossCheck } from "./linearizability/cross_check.ts";
import { LinearizabilityTally } from "./linearizability/tally.ts";
import { hashText } from "./random.ts";
import { sometimesIn } from "./sometimes.ts";
import type { Runner, RunOutcome } from "./runner.ts";
import { shrinkingCases } from "./shrink.ts";

/** Options of {@linkcode runCampaign}. */
export interface CampaignOptions {
  /** Runs each case. */
  readonly runner: Runner;
  /** What the cases are made for. */
  readonly cases: CaseOptions;
  /** Run before all others. @default none */
  readonly corpus?: readonly CorpusEntry[];
  /** How often each of these is tried, where time is real. @default 1 */
  readonly corpusTries?: number;
  /** The same seed makes the same cases. */
  readonly seed: number;
  /** Begins with this case, which a failure's report names. */
  readonly path?: string;
  /** Histories at most, the corpus aside. @default until the time is up */
  readonly runs?: number;
  /** Runs every `of`-th case only, from the `index`-th on: several campaigns share the cases of one seed. */
  readonly stride?: { readonly index: number; readonly of: number };
  /** Longest time, making the failing case smaller included, in milliseconds. */
  readonly timeLimitMs: number;
  /** Longest time for making the failing case smaller, in milliseconds. @default 30000 */
  readonly shrinkMs?: number;
  /** Whether the same case must give the same history; a share of the cases is then run twice. */
  readonly isDeterministic: boolean;
  /** How often a case is tried that failed before, where time is real. @default 1 */
  readonly tries?: number;
  /** How often the smallest case is run, to tell how often it fails, where time is real. @default 1 */
  readonly looks?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
  /** Hears of every history. */
  readonly onHistory?: (tally: Tally) => void;
}

/** One case in so many is run twice. */
const TWICE_EVERY = 20;
const SHRINK_MS = 30_000;
/** The share of the time for making a case smaller after which it is only looked at how often it fails. */
const SHRINK_SHARE = 0.7;
/** Events of a history that is kept to be shown, at most. */
const SAMPLE_EVENTS = 2_000;

/** Runs cases made from a seed. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const campaign = new Campaign(options);
  if (!await campaign.runCorpus() || options.runs === 0) return campaign.result(null);
  const property = fc.asyncProperty(
    shrinkingCases(arbitraryCase(options.cases), options.cases.time),
    (chaosCase) => campaign.holds(chaosCase),
  );
  const details = await fc.check(property, {
    seed: options.seed,
    numRuns: options.path === undefined ? options.runs ?? 1e9 : 1,
    interruptAfterTimeLimit: Math.max(1, Math.round(campaign.leftMs)),
    markInterruptAsFailure: false,
    // A path names the smallest case already.
    ...(options.path === undefined ? {} : { path: options.path, endOnFailure: true }),
  });
  await campaign.lookAgain();
  return campaign.result(details.failed ? details.counterexamplePath : null);
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #faults = new Map<FaultKind, number>();
  readonly #historiesWith = new Map<FaultKind, number>();
  readonly #sometimes = new Map<string, number>();
  readonly #endsAtMs: number;
  #cases = 0;
  #histories = 0;
  #operations = 0;
  #sharedSessions = 0;
  #undecided = 0;
  #deaths = 0;
  readonly #latencies = new FaultLatencies();
  #sample: Sample | undefined;
  #firstUndecided: Undecided | undefined;
  readonly #linearizability = new LinearizabilityTally();
  #corpus = 0;
  #known: Finding | undefined;
  #failing: Omit<Finding, "seed" | "path"> | undefined;
  /** What the first failing case showed. */
  #signature: Violation | undefined;
  #failedAtMs = 0;
  #seen: Seen | undefined;
  #toolFailure: string | undefined;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#endsAtMs = performance.now() + options.timeLimitMs;
  }

  /** What is left of the time limit, in milliseconds. */
  get leftMs(): number {
    return this.#endsAtMs - performance.now();
  }

  /** Runs the cases that once failed; whether all hold. */
  async runCorpus(): Promise<boolean> {
    for (const entry of this.#options.corpus ?? []) {
      if (this.#options.signal?.aborted || this.leftMs < 0) return true;
      try {
        for (let attempt = 0; attempt < (this.#options.corpusTries ?? 1); attempt++) {
          if (!await this.#keeps(entry, attempt + 1)) return false;
        }
      } catch (error) {
        this.#toolFailure = `${entry.name}: ${messageOf(error)}`;
        return false;
      }
    }
    return true;
  }

  async #keeps(entry: CorpusEntry, tries: number): Promise<boolean> {
    const { name, case: chaosCase } = entry;
    const { history, evidence } = await this.#options.runner(chaosCase);
    this.#corpus++;
    const verdict = this.#judge(history, name);
    if (verdict.verdict !== "violated") return this.#toolFailure === undefined;
    this.#known = {
      violation: verdict.violations[0]!,
      ...{ entry: name, seed: chaosCase.seed, path: "", case: chaosCase, history },
      foundAfter: { histories: 0, operations: 0 },
      ...(!this.#options.isDeterministic && { seen: { times: 1, tries } }),
      ...(evidence && { evidence: boundedEvidence(await evidence()) }),
    };
    return false;
  }

  /** Whether a case holds, as far as fast-check is to know: once one has failed, only the same counts. */
  async holds(chaosCase: ChaosCase): Promise<boolean> {
    const isShrinking = this.#failing !== undefined;
    // Only a failure makes fast-check stop, and once there is one only what holds.
    if (this.#isStopped) return isShrinking;
    if (this.#failing === undefined && this.#isAnothers(this.#cases++)) return true;
    const { isDeterministic } = this.#options;
    const share = isDeterministic ? 1 : SHRINK_SHARE;
    if (isShrinking && this.#spentOnIt > share) return true;
    const tries = isShrinking || this.#options.path !== undefined ? this.#options.tries ?? 1 : 1;
    try {
      for (let attempt = 0; attempt < tries; attempt++) {
        if (await this.#attempt(chaosCase)) continue;
        if (!isDeterministic) this.#seen = { times: 1, tries: attempt + 1 };
        return false;
      }
    } catch (error) {
      this.#toolFailure = messageOf(error);
    }
    return this.#toolFailure === undefined;
  }

  /** Runs the smallest case a few times more, to be able to say how often it fails. */
  async lookAgain(): Promise<void> {
    const { looks = 1, path } = this.#options;
    // Who repeats a case has looked already.
    if (path !== undefined) return;
    while (this.#failing && this.#seen && this.#seen.tries < looks) {
      if (this.#isStopped || this.#spentOnIt > 1) return;
      const { times, tries } = this.#seen;
      try {
        const isSeen = !await this.#attempt(this.#failing.case);
        this.#seen = { times: times + (isSeen ? 1 : 0), tries: tries + 1 };
      } catch (error) {
        this.#toolFailure = messageOf(error);
      }
    }
  }

  get #isStopped(): boolean {
    return this.#toolFailure !== undefined || (this.#options.signal?.aborted ?? false);
  }

  /** The share of the time for the failing case that has been spent on it. */
  get #spentOnIt(): number {
    const { shrinkMs = SHRINK_MS } = this.#options;
    const mostMs = Math.min(shrinkMs, this.#endsAtMs - this.#failedAtMs);
    return mostMs <= 0 ? Infinity : (performance.now() - this.#failedAtMs) / mostMs;
  }

  /** Whether another campaign runs a case. */
  #isAnothers(place: number): boolean {
    const { stride, path } = this.#options;
    return stride !== undefined && path === undefined && place % stride.of !== stride.index;
  }

  async #attempt(chaosCase: ChaosCase): Promise<boolean> {
    const outcome = await this.#options.runner(chaosCase);
    if (this.#options.isDeterministic && this.#histories % TWICE_EVERY === 0) {
      await this.#compare(chaosCase, outcome);
    }
    this.#count(outcome);
    const verdict = this.#judge(outcome.history, this.#caseName);
    if (verdict.verdict === "holds") this.#consider(outcome);
    this.#options.onHistory?.(this.tally);
    const violation = this.#failureIn(verdict);
    if (violation === undefined) return true;
    await this.#keep(chaosCase, outcome, violation);
    return false;
  }

  #judge(history: History, name: string): Verdict {
    const found = crossCheck(history, checkHistory(history));
    // What is made smaller has failed: only that is looked into, and another failure of it is none of the tool.
    const checked = this.#failing === undefined ? found : { ...found, disagreement: undefined };
    const { verdict, disagreement } = checked;
    this.#linearizability.add(checked);
    if (disagreement !== undefined) this.#toolFailure = `${name}: ${disagreement}`;
    if (verdict.verdict === "undecided") {
      this.#undecided++;
      this.#firstUndecided ??= { reason: verdict.reason, history };
    }
    return verdict;
  }

  /** Keeps the history that shows most: with most kinds of faults, and of these the longest. */
  #consider({ history, faults: { size: faults } }: RunOutcome): void {
    const { length } = history.events;
    if (length > SAMPLE_EVENTS) return;
    const { faults: most, history: best } = this.#sample ?? { faults: -1, history: undefined };
    const isLonger = faults === most && length > (best?.events.length ?? 0);
    if (faults > most || isLonger) this.#sample = { history, faults };
  }

  /** What counts as the failure that is looked into. */
  #failureIn(verdict: Verdict): Violation | undefined {
    if (verdict.verdict !== "violated") return undefined;
    const [first] = verdict.violations;
    const signature = this.#signature ??= first!;
    // Otherwise one bug slips into another while the case gets smaller.
    const same = verdict.violations.find(({ guarantee, rule }) =>
      guarantee === signature.guarantee && rule === signature.rule
    );
    // Where a case always gives the same history whoever repeats it is shown the first one.
    return this.#options.isDeterministic ? same && first : same;
  }

  async #keep(chaosCase: ChaosCase, outcome: RunOutcome, violation: Violation): Promise<void> {
    const { history, evidence } = outcome;
    if (this.#failing === undefined) this.#failedAtMs = performance.now();
    const done = { histories: this.#histories, operations: this.#operations };
    const { foundAfter = done } = this.#failing ?? {};
    this.#failing = {
      ...{ violation, case: chaosCase, history, foundAfter },
      ...(evidence && { evidence: boundedEvidence(await evidence()) }),
    };
  }

  async #compare(chaosCase: ChaosCase, outcome: RunOutcome): Promise<void> {
    const again = await this.#options.runner(chaosCase);
    const [one, other] = [outcome, again].map(({ history }) => hashText(writeHistory(history)));
    if (one === other) return;
    this.#toolFailure = `two runs of one case (${this.#caseName}) differ: something in them ` +
      "depends on more than the seed";
  }

  /** How the case under way is had again. */
  get #caseName(): string {
    const { seed, path = this.#cases - 1 } = this.#options;
    return `--seed ${seed} --path ${path} --runs 1`;
  }

  #count(outcome: RunOutcome): void {
    const { history, operations, faults } = outcome;
    this.#histories++;
    this.#operations += operations;
    this.#latencies.add(history);
    for (const [kind, count] of faults) {
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
      this.#historiesWith.set(kind, (this.#historiesWith.get(kind) ?? 0) + 1);
    }
    for (const [name, count] of sometimesIn(outcome)) {
      this.#sometimes.set(name, (this.#sometimes.get(name) ?? 0) + count);
    }
    const podsOf = new Map<string, Set<string>>();
    for (const event of history.events) {
      if (event.type === "kill") this.#deaths++;
      if (event.type !== "invoke" || event.final) continue;
      const { tenant, id } = event.call.session;
      const pods = podsOf.get(`${tenant}/${id}`) ?? new Set();
      podsOf.set(`${tenant}/${id}`, pods.add(event.pod));
    }
    for (const pods of podsOf.values()) if (pods.size > 1) this.#sharedSessions++;
  }

  get tally(): Tally {
    return {
      histories: this.#histories,
      operations: this.#operations,
      faults: this.#faults,
      sometimes: this.#sometimes,
      historiesWith: this.#historiesWith,
      sharedSessions: this.#sharedSessions,
      undecided: this.#undecided,
      deaths: this.#deaths,
      latencies: this.#latencies,
      linearizability: this.#linearizability.counts,
      corpus: this.#corpus,
    };
  }

  result(path: string | null): CampaignResult {
    const failing = this.#failing && { ...this.#failing, ...(this.#seen && { seen: this.#seen }) };
    const { seed } = this.#options;
    return {
      tally: this.tally,
      finding: failing && path !== null ? { ...failing, seed, path } : this.#known,
      toolFailure: this.#toolFailure,
      sample: this.#sample,
      ...(this.#firstUndecided && { undecided: this.#firstUndecided }),
    };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
