/**
 * Deliberate bugs in what a store does for writes that waited for it, and in what it tells of its memory: see
 * `conformance_mutants.ts`.
 *
 * @module
 */

import type { CommitBatch, LoadReply, Operation, SessionState, StorageAdapter } from "../mod.ts";
import { asking, type Mutant, rewriting } from "./conformance_mutant.ts";

/** All of them. */
export const outageMutants: readonly Mutant[] = [
  {
    bug: "a load tells no writers",
    caughtBy: "a load tells each writer's last batch",
    break: loading((state) => ({ ...state, writers: new Map() })),
  },
  {
    bug: "a load tells no writers of a moving session",
    caughtBy: "a load of a moving session tells the writers too, and which adopt was occupied",
    break: (inner) => ({
      async load(key, request, call) {
        const reply = await inner.load(key, request, call);
        if (reply.outcome !== "moving") return reply;
        const state = { ...reply.moving.state, writers: new Map() };
        return { ...reply, moving: { ...reply.moving, state } };
      },
    }),
  },
  {
    bug: "a load tells no floor",
    caughtBy: "a load tells how old the newest entry is that was dropped",
    break: loading((state) => ({ ...state, floorMs: 0 })),
  },
  {
    bug: "a create never joins an expired session",
    caughtBy: "a create accepted before the expiry joins the expired session, in place",
    break: rewriting((batch) => {
      const { accepted: _, ...late } = batch;
      return creates(batch) ? late : batch;
    }),
  },
  {
    bug: "a create joins an expired session however late it was accepted",
    caughtBy: "a create accepted after the expiry makes a session of its own",
    break: rewriting((batch) =>
      creates(batch) && batch.accepted
        ? { ...batch, accepted: { ...batch.accepted, firstMs: 0 } }
        : batch
    ),
  },
  {
    bug: "a create joins a session that was closed as expired",
    caughtBy: "a create accepted in time does not join a session that somebody was told is expired",
    break: (inner, memory) => ({
      async commit(key, batch, call) {
        const reply = await inner.commit(key, batch, call);
        if (reply.outcome === "applied") memory.set(key, reply.expiresAtMs);
        return reply;
      },
      async load(key, request, call) {
        const { storeTimeMs } = await inner.load(`${key}-absent`, request, call);
        const isOpen = storeTimeMs < Number(memory.get(key) ?? 1e15);
        if (isOpen) return await inner.load(key, request, call);
        return { outcome: "gone", storeTimeMs, reason: "expired", incarnation: "" };
      },
    }),
  },
  {
    bug: "a create joins a session that expired while it was moving",
    caughtBy: "a create accepted in time does not join a session that expired while it was moving",
    break: (inner, memory) => ({
      async commit(key, batch, call) {
        const first = batch.operations[0];
        if (first?.kind === "freeze") memory.set(key, batch.incarnation);
        const reply = await inner.commit(key, batch, call);
        const joins = reply.outcome === "applied" && creates(batch) && memory.has(key);
        return joins ? { ...reply, created: false } : reply;
      },
    }),
  },
  {
    bug: "a load ignores when the operation was accepted",
    caughtBy:
      "a load for an operation accepted in time finds the expired session, and leaves it open",
    break: asking(({ acceptedMs: _, ...request }) => request),
  },
  {
    bug: "a load for an accepted operation closes what it finds",
    caughtBy:
      "a load for an operation accepted in time finds the expired session, and leaves it open",
    break: (inner) => ({
      async load(key, request, call) {
        const reply = await inner.load(key, request, call);
        const { acceptedMs: _, ...plain } = request;
        await inner.load(key, plain, call);
        return reply;
      },
    }),
  },
  {
    bug: "a load leaves open whatever an accepted operation asks for",
    caughtBy: "a load for an operation accepted after the expiry closes the record",
    break: asking((request) =>
      request.acceptedMs === undefined ? request : { ...request, acceptedMs: 0 }
    ),
  },
  {
    bug: "a load for an accepted operation follows a session that expired while moving",
    caughtBy: "a load for an operation accepted in time closes a session that expired while moving",
    break: (inner, memory) => ({
      async commit(key, batch, call) {
        const reply = await inner.commit(key, batch, call);
        const isFrozen = batch.operations[0]?.kind === "freeze" && reply.outcome === "applied";
        if (isFrozen) memory.set(key, await inner.load(key, { tombstoneMs: 60_000 }, call));
        return reply;
      },
      async load(key, request, call) {
        const reply = await inner.load(key, request, call);
        const followed = memory.get(key) as LoadReply | undefined;
        return request.acceptedMs !== undefined && followed ? followed : reply;
      },
    }),
  },
  {
    bug: "a destroy on an absent key forgets when the incarnation was made",
    caughtBy: "a destroy on an absent key does not stop the heal of what was made later",
    break: destroying(undefined),
  },
  {
    bug: "a destroy on an absent key names an incarnation that was made before all others",
    caughtBy:
      "a destroy on an absent key stops the heal of what it named, and of what was made earlier",
    break: destroying(0),
  },
  {
    bug: "a destroy on an absent key that does not say when counts as the oldest",
    caughtBy: "a destroy on an absent key that does not say when stops every heal",
    break: destroying(0),
  },
  {
    bug: "a heartbeat counts nothing",
    caughtBy: "each heartbeat counts the pod's key up by one",
    break: beating((reply) => ({ ...reply, counter: 1 })),
  },
  {
    bug: "all pods count one key up",
    caughtBy: "each pod's key has a counter of its own",
    break: (inner) => ({ heartbeat: (call) => inner.heartbeat!({ ...call, podKey: "pod" }) }),
  },
  {
    bug: "heartbeats are counted with a read and a write apart",
    caughtBy: "heartbeats at once are all counted",
    break: (inner, memory) => ({
      async heartbeat(call) {
        const counter = Number(memory.get("counter") ?? 0) + 1;
        const reply = await inner.heartbeat!(call);
        memory.set("counter", counter);
        return { ...reply, counter };
      },
    }),
  },
  {
    bug: "a heartbeat does not renew the pod's key",
    caughtBy: "a heartbeat keeps the pod's key for as long as it says, from then on",
    break: (inner, memory) => ({
      async heartbeat(call) {
        const reply = await inner.heartbeat!(call);
        const { storeTimeMs } = reply;
        const endMs = Number(memory.get("end") ?? storeTimeMs + call.keepMs);
        memory.set("end", endMs);
        return storeTimeMs > endMs ? { ...reply, counter: 1 } : reply;
      },
    }),
  },
  {
    bug: "a heartbeat tells the pod's time",
    caughtBy: "a heartbeat tells the store's time",
    break: beating((reply) => ({ ...reply, storeTimeMs: performance.now() })),
  },
  {
    bug: "each heartbeat names an epoch of its own",
    caughtBy: "all pods see one epoch, and it stays",
    break: beating((reply) => ({ ...reply, epoch: crypto.randomUUID() })),
  },
  {
    bug: "each pod names an epoch of its own",
    caughtBy: "all pods see one epoch, and it stays",
    break: (inner) => {
      const epoch = crypto.randomUUID();
      return { heartbeat: async (call) => ({ ...await inner.heartbeat!(call), epoch }) };
    },
  },
];

type Heartbeat = NonNullable<StorageAdapter["heartbeat"]>;

function creates(batch: CommitBatch): boolean {
  return batch.operations[0]?.kind === "create";
}

/** Changes the state that a load finds. */
function loading(change: (state: SessionState) => SessionState): Mutant["break"] {
  return (inner) => ({
    async load(key, request, call) {
      const reply = await inner.load(key, request, call);
      return reply.outcome === "found" ? { ...reply, state: change(reply.state) } : reply;
    },
  });
}

/** Changes the answer to a heartbeat. */
function beating(change: (reply: Awaited<ReturnType<Heartbeat>>) => typeof reply): Mutant["break"] {
  return (inner) => ({ heartbeat: async (call) => change(await inner.heartbeat!(call)) });
}

/** What a destroy says of when the incarnation was made. */
function destroying(incarnationAtMs: number | undefined): Mutant["break"] {
  return rewriting((batch) => ({
    ...batch,
    operations: batch.operations.map((operation): Operation => {
      if (operation.kind !== "destroy") return operation;
      return { kind: "destroy", ...incarnationAtMs !== undefined && { incarnationAtMs } };
    }),
  }));
}
