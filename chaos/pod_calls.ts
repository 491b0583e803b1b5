/**
 * Makes a history's calls on a manager, and puts what they answer into plain data.
 *
 * @module
 */

import {
  type BaseSessionManager,
  InvalidInputError,
  JournalFullError,
  Session,
  SessionExistsError,
  SessionNotFoundError,
  StoreRejectedError,
  StoreUnavailableError,
  type TenantSessions,
} from "../mod.ts";
import { type Call, type Effect, markOf, type Outcome, type Result, vectorOf } from "./history.ts";

/** Makes one call; never rejects. */
export async function makeCall(manager: BaseSessionManager, call: Call): Promise<Result> {
  const [outcome, isDegraded] = await attempt(manager, call);
  return isDegraded ? { ...outcome, degraded: true } : outcome;
}

/** Whether the pod takes the store for away. */
export function isAway(manager: BaseSessionManager): boolean {
  return manager.status().store === "down";
}

async function attempt(manager: BaseSessionManager, call: Call): Promise<[Outcome, boolean]> {
  try {
    const answer = await dispatch(manager.tenant(call.session.tenant), call);
    if (answer instanceof Session) return [seen(answer), answer.degraded];
    // A number or a boolean does not tell where it comes from.
    return [answer, isAway(manager) || manager.status().journaled > 0];
  } catch (error) {
    return [failure(error), isAway(manager) || manager.status().journaled > 0];
  }
}

async function dispatch(sessions: TenantSessions, call: Call): Promise<Outcome | Session> {
  const { id } = call.session;
  switch (call.kind) {
    case "getOrCreate":
      return await sessions.getOrCreate(id, { b: call.op });
    case "get":
      return await sessions.get(id, { fresh: call.fresh ?? false }) ?? { kind: "absent" };
    case "increment": {
      const { field, by } = effect(call, "count");
      return { kind: "number", value: await sessions.increment(id, field, by) };
    }
    case "updateContext":
      return await sessions.updateContext(id, patchOf(call));
    case "update":
      return await sessions.update(id, ({ u = [] }) => ({ u: [...u, call.op] }));
    case "appendTrajectory":
      return await sessions.appendTrajectory(id, vectorOf(call.op));
    case "apply":
      return await sessions.apply(id, changesOf(call));
    case "touch":
      return { kind: "boolean", value: await sessions.touch(id) };
    case "destroy":
      return { kind: "boolean", value: await sessions.destroy(id) };
    case "rotate":
      return await sessions.rotate(id, call.to!.id);
  }
}

/** Characters of a value that no limit allows. */
const OVERSIZE = 65 * 1_024;

function patchOf(call: Call): Record<string, number | string | undefined> {
  const { deletes } = effect(call, "set");
  return {
    s: deletes ? undefined : call.op,
    [markOf(call.op)]: 1,
    ...(call.oversize ? { big: "x".repeat(OVERSIZE) } : {}),
  };
}

function changesOf(call: Call): Parameters<TenantSessions["apply"]>[1] {
  const count = call.effects.find((effect) => effect.kind === "count");
  const has = (kind: Effect["kind"]) => call.effects.some((effect) => effect.kind === kind);
  return {
    ...(has("set") ? { set: patchOf(call) } : {}),
    ...(count ? { increment: { [count.field]: count.by } } : {}),
    ...(has("vector") ? { append: vectorOf(call.op) } : {}),
  };
}

function effect<Kind extends Effect["kind"]>(
  call: Call,
  kind: Kind,
): Extract<Effect, { kind: Kind }> {
  const found = call.effects.find((effect) => effect.kind === kind);
  if (!found) throw new TypeError(`Call #${call.op} (${call.kind}) has no effect "${kind}".`);
  return found as Extract<Effect, { kind: Kind }>;
}

function seen(session: Session): Outcome {
  const { tenant, id, incarnation, version, context, expiresInMs, pending } = session;
  const trajectory = session.trajectory.map((vector) => [...vector]);
  return {
    kind: "session",
    session: {
      ...{ tenant, id, incarnation, version, context, trajectory, expiresInMs },
      ...(pending > 0 && { pending }),
    },
  };
}

function failure(error: unknown): Outcome {
  if (error instanceof SessionNotFoundError) return { kind: "not-found", reason: error.reason };
  if (error instanceof StoreUnavailableError) {
    return { kind: "unavailable", outcome: error.outcome };
  }
  if (error instanceof SessionExistsError) return { kind: "refused", message: error.message };
  const hasCode = error instanceof JournalFullError || error instanceof StoreRejectedError ||
    error instanceof InvalidInputError;
  if (hasCode) {
    return { kind: "refused", message: error.message, code: error.code };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { kind: "error", name, message };
}
