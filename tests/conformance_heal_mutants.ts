/**
 * Deliberate bugs in how a store takes back what it lost: see `conformance_mutants.ts`.
 *
 * @module
 */

import type { HealReply, HealRequest, SessionState } from "../mod.ts";
import { giving, type Mutant, rewriting } from "./conformance_mutant.ts";

const FOREVER_MS = 1e15;

/** All of them. */
export const healMutants: readonly Mutant[] = [
  {
    bug: "a heal forgets names that are an object's own",
    caughtBy: "a copy given back to an absent key is the session again, whole",
    break: giving(edited(({ context }) => ({
      context: new Map([...context].filter(([field]) => field !== "__proto__")),
    }))),
  },
  {
    bug: "a heal makes a version of its own",
    caughtBy: "the next commit applies with prev and ifVersion of the copy",
    break: giving(edited(({ version }) => ({ version: version + 1 }))),
  },
  {
    bug: "a heal turns the trajectory round",
    caughtBy: "a healed trajectory keeps its order, and goes on",
    break: giving(edited(({ trajectory }) => ({ trajectory: [...trajectory].reverse() }))),
  },
  {
    bug: "a healed trajectory is full at once",
    caughtBy: "a healed trajectory that was not full takes more",
    break: giving(edited(({ trajectory }) => ({ capacity: trajectory.length }))),
  },
  {
    bug: "a heal forgets the writers",
    caughtBy: "a retry of what the copy has is a duplicate after the heal",
    break: giving(edited(() => ({ writers: new Map() }))),
  },
  {
    bug: "a heal takes the pod's next batch for applied",
    caughtBy: "a retry of what the copy has not is applied once after the heal",
    break: giving(edited((state) => ({ writers: writersAhead(state) }))),
  },
  {
    bug: "prev is met by every healed record",
    caughtBy: "prev beyond what the copy has of the writer is behind",
    break: rewriting(({ prev: _, ...batch }) => batch),
  },
  {
    bug: "a heal forgets the floor",
    caughtBy: "what was too old to tell before the heal is so after it",
    break: giving(edited(() => ({ floorMs: 0 }))),
  },
  {
    bug: "a heal forgets the absolute expiry",
    caughtBy: "no renewal passes the absolute expiry of a healed session",
    break: giving(edited(() => ({ absoluteExpiresAtMs: undefined }))),
  },
  {
    bug: "a healed record counts as empty",
    caughtBy: "limits count what the copy brought",
    break: rewriting((batch) => ({ ...batch, limits: { maxFields: 256, maxBytes: 1 << 20 } })),
  },
  {
    bug: "a heal renews the expiry",
    caughtBy: "a healed session expires when the copy did",
    break: giving(edited(({ expiresAtMs }) => ({ expiresAtMs: expiresAtMs + 60_000 }))),
  },
  {
    bug: "a healed session has no grace",
    caughtBy: "a healed session is kept for its grace, and takes what was accepted in time",
    break: giving((request) => ({ ...request, graceMs: 0 })),
  },
  {
    bug: "a healed session is never dropped",
    caughtBy: "a healed session is dropped after its grace",
    break: giving((request) => ({ ...request, graceMs: FOREVER_MS })),
  },
  {
    bug: "a heal has no deadline",
    caughtBy: "a heal executed after its deadline is late, and puts nothing back",
    break: giving((request) => ({ ...request, notAfterMs: FOREVER_MS })),
  },
  {
    bug: "a copy that has run out is given more time",
    caughtBy: "a copy that has run out is late",
    break: giving(edited(({ expiresAtMs }) => ({ expiresAtMs: expiresAtMs + 60_000 }))),
  },
  {
    bug: "every heal says that it healed",
    caughtBy: "a copy given back by two pods at once is put back once",
    break: healing((reply) => ({ outcome: "healed", storeTimeMs: reply.storeTimeMs })),
  },
  {
    bug: "a heal takes 500 vectors at most",
    caughtBy: "a large copy is put back whole",
    break: giving(edited(({ trajectory }) => ({ trajectory: trajectory.slice(-500) }))),
  },
  {
    bug: "a healed session is under its key alone",
    caughtBy: "a healed session is listed",
    break: (inner, memory) => ({
      heal: (key, request, call) => inner.heal!(key, (memory.set(key, true), request), call),
      async *list(prefix, call) {
        for await (const entry of inner.list(prefix, call)) if (!memory.has(entry.key)) yield entry;
      },
    }),
  },
  {
    bug: "a heal answers the time of the copy",
    caughtBy: "the store's time comes with every answer to a heal",
    break: (inner) => ({
      async heal(key, request, call) {
        const reply = await inner.heal!(key, request, call);
        return { ...reply, storeTimeMs: request.state.expiresAtMs };
      },
    }),
  },
  {
    bug: "a heal registers nobody",
    caughtBy: "a pod that healed holds the session, and is told of the next commit",
    break: giving(({ holder: _, ...request }) => request),
  },
  {
    bug: "a heal does not replace an older record",
    caughtBy: "an older record of the same incarnation is replaced by the copy",
    break: ifFound((found, { state }) => found.incarnation === state.incarnation, "intact"),
  },
  {
    bug: "a heal is never intact",
    caughtBy: "a record that is the copy is intact",
    break: healing((reply) =>
      reply.outcome === "intact" ? { ...reply, outcome: "diverged" } : reply
    ),
  },
  {
    bug: "a heal overwrites what is newer",
    caughtBy: "a record that is newer than the copy is intact",
    break: forcing("intact"),
  },
  {
    bug: "a heal brings a moving session to life",
    caughtBy: "a moving session that has all of the copy is intact",
    break: forcing("intact"),
  },
  {
    bug: "a newer version is all that a heal needs, whoever wrote",
    caughtBy: "a newer version alone does not overwrite another pod's write",
    break: forcing("diverged"),
  },
  {
    bug: "a heal compares which writers there are, not what they wrote last",
    caughtBy: "a newer version does not overwrite the own later write",
    break: forcing("diverged"),
  },
  {
    bug: "the same version is the same state to a heal",
    caughtBy: "the same version made by another writer is diverged",
    break: ifFound((found, { state }) => found.version === state.version, "intact"),
  },
  {
    bug: "a newer version has all that an older one has, to a heal",
    caughtBy: "a newer record without one of the copy's writes is diverged",
    break: ifFound((found, { state }) => found.version > state.version, "intact"),
  },
  {
    bug: "a heal takes a writer that the copy has dropped for one that it never knew",
    caughtBy: "what the copy dropped of old writers makes it not diverge",
    break: giving(edited(() => ({ floorMs: 0 }))),
  },
  {
    bug: "a heal takes a writer that the store has dropped for one that it never knew",
    caughtBy: "what the store dropped of old writers makes it not diverge",
    break: ifFound(
      (found, { state }) => [...state.writers.keys()].some((id) => !found.writers.has(id)),
      "diverged",
    ),
  },
  {
    bug: "a heal closes what has expired",
    caughtBy: "a record that expired, and that nobody closed, takes a newer copy",
    break: (inner) => ({
      async heal(key, request, call) {
        await inner.load(key, { tombstoneMs: 60_000 }, call);
        return await inner.heal!(key, request, call);
      },
    }),
  },
  ...[
    "was destroyed is gone, and stays so",
    "was rotated away is gone: rotated",
    "expired, as somebody was told, is gone: expired",
  ].map((what) => ({
    bug: `a heal does not see that an incarnation ${what.split(/ is|,/, 1)[0]}`,
    caughtBy: `an incarnation that ${what}`,
    break: healing((reply) =>
      reply.outcome === "gone" ? { outcome: "healed", storeTimeMs: reply.storeTimeMs } : reply
    ),
  })),
  {
    bug: "a heal stops at any tombstone",
    caughtBy: "the tombstone of an earlier incarnation gives way, but its writers stay",
    break: (inner) => ({
      async heal(key, request, call) {
        const { outcome, storeTimeMs } = await inner.load(key, { tombstoneMs: 60_000 }, call);
        if (outcome === "gone") return { outcome: "superseded", storeTimeMs };
        return await inner.heal!(key, request, call);
      },
    }),
  },
  {
    bug: "a heal does not look at who was made later: tombstones",
    caughtBy: "the tombstone of a later incarnation stays",
    break: giving(edited(() => ({ incarnationAtMs: FOREVER_MS }))),
  },
  {
    bug: "a heal does not look at who was made later: live records",
    caughtBy: "a later incarnation that lives stays",
    break: giving(edited(() => ({ incarnationAtMs: FOREVER_MS }))),
  },
  {
    bug: "a heal never replaces another incarnation",
    caughtBy: "an earlier incarnation that lives is replaced, but its writers stay",
    break: ifFound((found, { state }) => found.incarnation !== state.incarnation, "superseded"),
  },
];

/** Changes the answer to a heal. */
function healing(change: (reply: HealReply) => HealReply): Mutant["break"] {
  return (inner) => ({
    heal: async (key, request, call) => change(await inner.heal!(key, request, call)),
  });
}

/** Changes the copy that is given back. */
function edited(
  edit: (state: SessionState) => Partial<SessionState>,
): (request: HealRequest) => HealRequest {
  return (request) => ({ ...request, state: { ...request.state, ...edit(request.state) } });
}

/** A copy of which nobody has written more. */
function ahead(state: SessionState): Partial<SessionState> {
  return { version: state.version + 1e6, writers: writersAhead(state) };
}

function writersAhead({ writers }: SessionState): SessionState["writers"] {
  return new Map([...writers].map(([id, entry]) => [id, { ...entry, seq: entry.seq + 1e6 }]));
}

/** A heal that is answered so without being tried where something is found that fits. */
function ifFound(
  fits: (found: SessionState, request: HealRequest) => boolean,
  outcome: "intact" | "diverged" | "superseded",
): Mutant["break"] {
  return (inner) => ({
    async heal(key, request, call) {
      const reply = await inner.load(key, { tombstoneMs: 60_000 }, call);
      const isFitting = reply.outcome === "found" && fits(reply.state, request);
      if (isFitting) return { outcome, storeTimeMs: reply.storeTimeMs };
      return await inner.heal!(key, request, call);
    },
  });
}

/** Heals that are refused so are repeated with a copy that has all that the store has. */
function forcing(refusal: HealReply["outcome"]): Mutant["break"] {
  return (inner) => ({
    async heal(key, request, call) {
      const reply = await inner.heal!(key, request, call);
      if (reply.outcome !== refusal) return reply;
      const found = await inner.load(key, { tombstoneMs: 60_000 }, call);
      if (found.outcome !== "found" && found.outcome !== "moving") return reply;
      const { state: stored } = found.outcome === "found" ? found : found.moving;
      const writers = writersAhead(stored);
      const state = { ...request.state, ...ahead(request.state), writers };
      return await inner.heal!(key, { ...request, state }, call);
    },
  });
}
