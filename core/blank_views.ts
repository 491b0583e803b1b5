/**
 * Views of sessions whose state this pod does not know: of those that it creates while the store is away, and of those
 * that it only writes to.
 *
 * @module
 */

import { PendingView, type ViewRules } from "./pending_view.ts";
import type { Pod } from "./pod.ts";
import type { Stub } from "./session_cache.ts";
import type { Operation } from "./storage_adapter.ts";

/** How a pod's views reckon. */
export function viewRules<Context extends object>({ settings }: Pod<Context>): ViewRules {
  const { limits, ttlMs } = settings;
  return { ttlMs, limits: { maxFields: limits.fields, maxBytes: limits.sessionBytes } };
}

/** A view of a session that somebody else knows; all that is seen of it is what this pod does to it. */
export function partialView<Context extends object>(
  pod: Pod<Context>,
  stub: Stub | undefined,
  now: number,
): PendingView {
  const incarnation = stub?.incarnation ?? "";
  const expiresAt = stub?.expiresAt ?? now + pod.settings.ttlMs;
  return blank(pod, { incarnation, expiresAt, absoluteExpiresAt: Infinity }, now);
}

/**
 * A view of a session that is created by the first of `operations`.
 *
 * @throws InvalidInputError when one of them does not fit
 */
export function createdView<Context extends object>(
  pod: Pod<Context>,
  operations: readonly [Operation & { kind: "create" }, ...Operation[]],
  now: number,
): PendingView {
  const { ttlMs } = pod.settings;
  const { nonce: incarnation, lifetimeMs } = operations[0];
  const absoluteExpiresAt = now + (lifetimeMs ?? Infinity);
  const expiresAt = Math.min(now + ttlMs, absoluteExpiresAt);
  const view = blank(pod, { incarnation, expiresAt, absoluteExpiresAt }, now);
  view.draft(operations, now).apply();
  return view;
}

/** The create at the head of operations, with what follows it. */
export function asCreation(
  operations: readonly Operation[],
): readonly [Operation & { kind: "create" }, ...Operation[]] | undefined {
  const [first, ...rest] = operations;
  return first?.kind === "create" ? [first, ...rest] : undefined;
}

function blank<Context extends object>(
  pod: Pod<Context>,
  { incarnation, expiresAt, absoluteExpiresAt }: {
    readonly incarnation: string;
    readonly expiresAt: number;
    readonly absoluteExpiresAt: number;
  },
  now: number,
): PendingView {
  const createdAtMs = pod.link.storeTimeMs() ?? Date.now();
  const capacity = pod.settings.limits.trajectoryVectors;
  const state = { incarnation, createdAtMs, capacity, expiresAt, absoluteExpiresAt };
  return PendingView.blank(state, now, viewRules(pod));
}
