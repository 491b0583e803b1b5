/**
 * Turns a case's calls into calls with effects that can be told apart.
 *
 * @module
 */

import type { CaseOp, ChaosCase } from "./case.ts";
import { type Call, COUNTS_PER_FIELD, type Effect, type SessionName } from "./history.ts";

/** The sessions of a case: two ids under each of two tenants, so that ids are shared by tenants. */
export function sessionsOf(chaosCase: ChaosCase, tenantPrefix: string): SessionName[] {
  const all = ["user-1", "user-2"].flatMap((id) =>
    ["a", "b"].map((tenant) => ({ tenant: tenantPrefix + tenant, id }))
  );
  return all.slice(0, Math.max(1, chaosCase.sessions));
}

/** Numbers the calls of one history and gives each its effects. */
export class CallPlan {
  /** The sessions that the case's calls are about. */
  readonly sessions: readonly SessionName[];
  #lastOp = 0;
  #increments = 0;

  /** For one history of the case. The prefix keeps the tenants of several histories apart. */
  constructor(chaosCase: ChaosCase, tenantPrefix = "") {
    this.sessions = sessionsOf(chaosCase, tenantPrefix);
  }

  /** The call of a case's op. */
  call(op: CaseOp): Call {
    const session = this.sessions[op.session % this.sessions.length]!;
    const number = ++this.#lastOp;
    const base = { op: number, kind: op.kind, session };
    switch (op.kind) {
      case "get":
        return { ...base, fresh: op.fresh, effects: [] };
      case "rotate":
        return { ...base, to: this.#otherId(session, op.variant), effects: [] };
      case "touch":
      case "destroy":
        return { ...base, effects: [] };
      default:
        return {
          ...base,
          ...(op.oversize ? { oversize: true } as const : {}),
          effects: this.#effects(op),
        };
    }
  }

  /** A read that asks the store. */
  freshRead(session: SessionName): Call {
    return { op: ++this.#lastOp, kind: "get", session, fresh: true, effects: [] };
  }

  /** The write that must succeed at the end: it creates the session if there is none. */
  lastCreate(session: SessionName): Call {
    return { op: ++this.#lastOp, kind: "getOrCreate", session, effects: [{ kind: "birth" }] };
  }

  /** As {@linkcode lastCreate}, on the session that is there by then. */
  lastIncrement(session: SessionName): Call {
    return { op: ++this.#lastOp, kind: "increment", session, effects: [this.#count()] };
  }

  #effects(op: CaseOp): Effect[] {
    switch (op.kind) {
      case "getOrCreate":
        return [{ kind: "birth" }];
      case "increment":
        return [this.#count()];
      case "updateContext":
        return [{ kind: "set", deletes: op.variant === 0 }];
      case "update":
        return [{ kind: "list" }];
      case "appendTrajectory":
        return [{ kind: "vector" }];
      default: {
        const parts = 1 + op.variant % 7;
        const effects: Effect[] = [];
        if (parts & 1) effects.push({ kind: "set", deletes: false });
        if (parts & 2) effects.push(this.#count());
        if (parts & 4) effects.push({ kind: "vector" });
        return effects;
      }
    }
  }

  #count(): Effect {
    const slot = this.#increments++;
    const field = `c${Math.floor(slot / COUNTS_PER_FIELD)}`;
    return { kind: "count", field, by: 8 ** (slot % COUNTS_PER_FIELD) };
  }

  /** Another id of the same tenant, sometimes the other one of the case. */
  #otherId(session: SessionName, variant: number): SessionName {
    const known = this.sessions.filter((other) =>
      other.tenant === session.tenant && other.id !== session.id
    );
    const id = variant % 2 === 0 && known[0] ? known[0].id : `${session.id}-r`;
    return { tenant: session.tenant, id };
  }
}
