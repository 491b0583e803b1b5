/**
 * What can be seen in one history, for the assertions that something is seen sometimes.
 *
 * @module
 */

import { isOutage } from "./fault_kinds.ts";
import type { CallKind, History, Result, Told } from "./history.ts";
import { buildModel, type Model, type Operation } from "./model.ts";

/** One history, and the replies that went back to its pods. */
export class Sightings {
  readonly #model: Model;
  readonly #replies: ReadonlyMap<string, number>;

  /** `replies`: how often each reply came, by name. */
  constructor(history: History, replies: ReadonlyMap<string, number>) {
    this.#model = buildModel(history);
    this.#replies = replies;
  }

  /** How often a reply came. */
  readonly replies = (name: string): number => this.#replies.get(name) ?? 0;

  /** Calls that ended so. */
  readonly results = (isMeant: (result: Result) => boolean): number =>
    this.#model.operations.filter(({ result }) => result && isMeant(result)).length;

  /** Calls of a kind that were answered from what a pod held. */
  readonly degraded = (isMeant: (kind: CallKind) => boolean): number =>
    this.#model.operations.filter(({ isDegraded, fate, call }) =>
      isDegraded && fate !== "failed" && isMeant(call.kind)
    ).length;

  /** What pods told. */
  readonly told = (isMeant: (told: Told) => boolean): number =>
    this.#model.told.filter(({ told }) => isMeant(told)).length;

  /** Pods that died with a call under way. */
  get interrupted(): number {
    const { kills, operations } = this.#model;
    return kills.filter(({ pod, index }) =>
      operations.some((call) =>
        call.pod === pod && call.invokeIndex < index && call.returnIndex === Infinity
      )
    ).length;
  }

  /** Pods that brought into the store what a life before theirs had accepted and had not got there. */
  get takeovers(): number {
    const { kills, told, operations, settings } = this.#model;
    if (!settings.durable) return 0;
    return kills.filter((kill) => {
      const drained = (pod: string, from: number, until: number) =>
        told.some((event) =>
          event.pod === pod && event.told.name === "reconciled" && event.index > from &&
          event.index < until && (event.told.operations ?? 0) > 0
        );
      const waits = operations.some((call) =>
        call.pod === kill.pod && call.fate === "journaled" && call.returnIndex < kill.index &&
        !drained(kill.pod, call.returnIndex, kill.index)
      );
      return waits && drained(nextLife(kill.pod), kill.index, Infinity);
    }).length;
  }

  /** Sessions whose time ran out, as far as whoever saw them could know, while the store was away. */
  get expiredWhileAway(): number {
    const { faults, observations } = this.#model;
    const outages = faults.filter(({ kind }) => isOutage(kind));
    const keys = observations.flatMap(({ key, by, seen }) => {
      const endMs = by.invokeAtMs + seen.expiresInMs;
      const isOver = outages.some(({ fromMs, untilMs }) =>
        by.returnAtMs <= fromMs && fromMs < endMs && endMs < untilMs
      );
      return isOver ? [key] : [];
    });
    return new Set(keys).size;
  }

  /** Sessions that had longer to live than the TTL: the store's clock had gone back. */
  get longLived(): number {
    const { observations, settings: { ttlMs, toleranceMs } } = this.#model;
    const keys = observations.filter(({ seen }) => seen.expiresInMs > ttlMs + toleranceMs)
      .map(({ key }) => key);
    return new Set(keys).size;
  }

  /** Calls that were told "expired" of a session that was to live on then: the store's clock had gone forth. */
  get cutShort(): number {
    const { operations, observations } = this.#model;
    return operations.filter(({ result, key, invokeIndex, returnAtMs }) =>
      result?.kind === "not-found" && result.reason === "expired" &&
      observations.some(({ key: other, by, seen }) =>
        other === key && by.returnIndex < invokeIndex &&
        by.invokeAtMs + seen.expiresInMs > returnAtMs
      )
    ).length;
  }

  /** Sessions that two pods or more began while each took the store for away. */
  get splitBirths(): number {
    let count = 0;
    for (const operations of this.#model.byKey.values()) {
      const begun = operations.filter(isBornAway);
      if (new Set(begun.map(({ pod }) => pod)).size > 1) count++;
    }
    return count;
  }
}

function isBornAway({ call, op, fate, result }: Operation): boolean {
  return call.kind === "getOrCreate" && fate === "journaled" && result?.kind === "session" &&
    result.session.context.b === op;
}

/** `p1` is followed by `p1.2`, which is followed by `p1.3`. */
function nextLife(pod: string): string {
  const [name, life = "1"] = pod.split(".");
  return `${name}.${Number(life) + 1}`;
}
