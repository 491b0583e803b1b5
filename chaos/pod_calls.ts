/**
 * Makes a history's calls on a manager, and puts what they answer into plain data.
 *
 * @module
 */

import {
  type Session,
  SessionExistsError,
  type SessionManager,
  SessionNotFoundError,
  StoreUnavailableError,
  type TenantSessions,
} from "../mod.ts";
import { type Call, type Effect, markOf, type Result, vectorOf } from "./history.ts";

/** Makes one call; never rejects. */
export async function makeCall(manager: SessionManager, call: Call): Promise<Result> {
  try {
    return await dispatch(manager.tenant(call.session.tenant), call);
  } catch (error) {
    return failure(error);
  }
}

async function dispatch(sessions: TenantSessions, call: Call): Promise<Result> {
  const { id } = call.session;
  switch (call.kind) {
    case "getOrCreate":
      return seen(await sessions.getOrCreate(id, { b: call.op }));
    case "get": {
      const session = await sessions.get(id, { fresh: call.fresh ?? false });
      return session ? seen(session) : { kind: "absent" };
    }
    case "increment": {
      const { field, by } = effect(call, "count");
      return { kind: "number", value: await sessions.increment(id, field, by) };
    }
    case "updateContext":
      return seen(await sessions.updateContext(id, patchOf(call)));
    case "update":
      return seen(
        await sessions.update(id, ({ u = [] }) => ({ u: [...u, call.op] })),
      );
    case "appendTrajectory":
      return seen(await sessions.appendTrajectory(id, vectorOf(call.op)));
    case "apply":
      return seen(await sessions.apply(id, changesOf(call)));
    case "touch":
      return { kind: "boolean", value: await sessions.touch(id) };
    case "destroy":
      return { kind: "boolean", value: await sessions.destroy(id) };
    case "rotate":
      return seen(await sessions.rotate(id, call.to!.id));
  }
}

function patchOf(call: Call): Record<string, number | undefined> {
  const { deletes } = effect(call, "set");
  return { s: deletes ? undefined : call.op, [markOf(call.op)]: 1 };
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

function seen(session: Session): Result {
  const { tenant, id, incarnation, version, context, expiresInMs } = session;
  const trajectory = session.trajectory.map((vector) => [...vector]);
  return {
    kind: "session",
    session: { tenant, id, incarnation, version, context, trajectory, expiresInMs },
  };
}

function failure(error: unknown): Result {
  if (error instanceof SessionNotFoundError) return { kind: "not-found", reason: error.reason };
  if (error instanceof StoreUnavailableError) {
    return { kind: "unavailable", outcome: error.outcome };
  }
  if (error instanceof SessionExistsError) return { kind: "refused", message: error.message };
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { kind: "error", name, message };
}
