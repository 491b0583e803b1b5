/**
 * Deliberate bugs, each put into an adapter that has none, and the case that has to find it.
 *
 * @module
 */

import type { CommitBatch, InboxListener, LoadReply, Operation } from "../mod.ts";
import { type Mutant, rewriting } from "./conformance_mutant.ts";

const again = (batch: CommitBatch): CommitBatch => ({ ...batch, seq: batch.seq + 1e6 });

/** All of them. */
export const mutants: readonly Mutant[] = [
  {
    bug: "no dedupe",
    caughtBy: "a retried increment is answered duplicate and counts once",
    break: (inner) => ({
      async commit(key, batch, call) {
        const reply = await inner.commit(key, batch, call);
        return reply.outcome === "duplicate" ? inner.commit(key, again(batch), call) : reply;
      },
    }),
  },
  {
    bug: "only 16 writers are remembered",
    caughtBy: "after 16 more writers a late copy of the first's increment still counts once",
    break: (inner, memory) => ({
      async commit(key, batch, call) {
        const writers = (memory.get(key) ?? []) as string[];
        const forgotten = !writers.slice(-16).includes(batch.writer);
        memory.set(key, [...writers.filter((id) => id !== batch.writer), batch.writer]);
        const reply = await inner.commit(key, batch, call);
        return reply.outcome === "duplicate" && forgotten
          ? inner.commit(key, again(batch), call)
          : reply;
      },
    }),
  },
  {
    bug: "a tombstone does not stop the create of the incarnation that it names",
    caughtBy: "creating the incarnation that a tombstone names is gone",
    break: (inner) => ({
      async commit(key, batch, call) {
        const reply = await inner.commit(key, batch, call);
        if (reply.outcome !== "gone") return reply;
        const operations = batch.operations.map((operation): Operation =>
          operation.kind === "create" ? { ...operation, nonce: `${operation.nonce}x` } : operation
        );
        return inner.commit(key, { ...batch, operations }, call);
      },
    }),
  },
  {
    bug: "deadlines are ignored",
    caughtBy: "a create executed after its deadline is late and creates nothing",
    break: rewriting(({ notAfterMs: _, ...batch }) => batch),
  },
  {
    bug: "the deadline is checked before dedupe",
    caughtBy: "dedupe comes before the deadline",
    break: (inner) => ({
      async commit(key, batch, call) {
        const { storeTimeMs } = await inner.load(key, { tombstoneMs: 60_000 }, call);
        const isLate = storeTimeMs > (batch.notAfterMs ?? Infinity);
        return isLate ? { outcome: "late", storeTimeMs } : inner.commit(key, batch, call);
      },
    }),
  },
  {
    bug: "a refusal is remembered as the writer's last batch",
    caughtBy: "a write refused as gone is gone again when retried, not duplicate",
    break: (inner, memory) => ({
      async commit(key, batch, call) {
        const id = `${key} ${batch.writer} ${batch.seq}`;
        const reply = await inner.commit(key, batch, call);
        const { storeTimeMs } = reply;
        if (memory.has(id)) {
          return {
            outcome: "duplicate",
            storeTimeMs,
            incarnation: "",
            version: 1,
            occupied: false,
          };
        }
        if (reply.outcome === "gone") memory.set(id, true);
        return reply;
      },
    }),
  },
  {
    bug: "prev is ignored",
    caughtBy: "prev beyond what the store has of the writer is behind",
    break: rewriting(({ prev: _, ...batch }) => batch),
  },
  {
    bug: "ifVersion does not compare the tag",
    caughtBy: "ifVersion of the same version under another tag is a conflict",
    break: (inner) => ({
      async commit(key, batch, call) {
        const { ifVersion } = batch;
        const reply = await inner.load(key, { tombstoneMs: 60_000 }, call);
        const tag = reply.outcome === "found" ? reply.state.tag : "";
        const lax = ifVersion ? { ...batch, ifVersion: { ...ifVersion, tag } } : batch;
        return inner.commit(key, lax, call);
      },
    }),
  },
  {
    bug: "a load compares versions only",
    caughtBy: "the same version under another tag is not unchanged",
    break: (inner) => ({
      async load(key, { known, ...request }, call): Promise<LoadReply> {
        const reply = await inner.load(key, request, call);
        if (reply.outcome !== "found" || reply.state.version !== known?.version) return reply;
        const { expiresAtMs } = reply.state;
        return { outcome: "unchanged", storeTimeMs: reply.storeTimeMs, expiresAtMs };
      },
    }),
  },
  {
    bug: "a touch makes a version",
    caughtBy: "a touch keeps the identity and renews the expiry",
    break: rewriting((batch) => ({
      ...batch,
      operations: batch.operations.flatMap((operation): Operation[] =>
        operation.kind === "touch" ? [operation, { kind: "delete", field: "none" }] : [operation]
      ),
    })),
  },
  {
    bug: "a batch with a bad operation is applied up to it",
    caughtBy: "a batch with one bad operation at its end applies nothing",
    break: (inner) => ({
      async commit(key, batch, call) {
        const reply = await inner.commit(key, batch, call);
        if (reply.outcome === "invalid") {
          const operations = batch.operations.slice(0, reply.operation);
          // Between two seqs, so that the corrected batch is not taken for a duplicate.
          await inner.commit(key, { ...batch, seq: batch.seq - 0.5, operations }, call);
        }
        return reply;
      },
    }),
  },
  {
    bug: "increments are read and written apart",
    caughtBy: "200 increments of each of two pods at once all count, each with a number of its own",
    break: (inner) => ({
      async commit(key, batch, call) {
        const [operation] = batch.operations;
        if (operation?.kind !== "increment") return inner.commit(key, batch, call);
        const read = await inner.load(key, { tombstoneMs: 60_000 }, call);
        const json = read.outcome === "found" ? read.state.context.get(operation.field) : "0";
        const number = Number(json ?? 0) + operation.by;
        const { field } = operation;
        const operations = [{ kind: "set", field, json: `${number}` } as const];
        const reply = await inner.commit(key, { ...batch, operations }, call);
        return reply.outcome === "applied" ? { ...reply, numbers: [number] } : reply;
      },
    }),
  },
  {
    bug: "numbers are rounded for the reply",
    caughtBy: "0.1 + 0.2 is 0.30000000000000004, as in any IEEE double",
    break: (inner) => ({
      async commit(key, batch, call) {
        const reply = await inner.commit(key, batch, call);
        if (reply.outcome !== "applied") return reply;
        return { ...reply, numbers: reply.numbers.map((n) => parseFloat(n.toFixed(10))) };
      },
    }),
  },
  {
    bug: "vectors lose the sign of zero",
    caughtBy: "a vector comes back bit for bit: minus zero, subnormals, the largest float32",
    break: rewriting((batch) => ({
      ...batch,
      operations: batch.operations.map((operation): Operation => {
        if (operation.kind !== "append") return operation;
        const numbers = new Float32Array(operation.vector.slice().buffer).map((n) => n + 0);
        return { kind: "append", vector: new Uint8Array(numbers.buffer) };
      }),
    })),
  },
  {
    bug: "a full trajectory takes no more",
    caughtBy: "a full trajectory evicts its oldest vector, one at each append",
    break: (inner) => ({
      async commit(key, batch, call) {
        const reply = await inner.load(key, { tombstoneMs: 60_000 }, call);
        const full = reply.outcome === "found" &&
          reply.state.trajectory.length === reply.state.capacity;
        const operations = batch.operations.filter(({ kind }) => kind !== "append");
        return inner.commit(key, full ? { ...batch, operations } : batch, call);
      },
    }),
  },
  {
    bug: "an expired session is served",
    caughtBy: "a session is found before it expires and gone after, to a load",
    break: (inner, memory) => ({
      async load(key, request, call) {
        const reply = await inner.load(key, request, call);
        if (reply.outcome === "found") memory.set(key, reply);
        const served = memory.get(key) as LoadReply | undefined;
        if (!served || reply.outcome !== "gone" || reply.reason !== "expired") return reply;
        return { ...served, storeTimeMs: reply.storeTimeMs };
      },
    }),
  },
  {
    bug: "lifetimes are forgotten",
    caughtBy: "no renewal passes the absolute expiry",
    break: rewriting((batch) => ({
      ...batch,
      operations: batch.operations.map((operation): Operation =>
        operation.kind === "create" ? { ...operation, lifetimeMs: undefined } : operation
      ),
    })),
  },
  {
    bug: "acceptances are ignored",
    caughtBy: "a write accepted before the expiry applies after it, in place",
    break: rewriting(({ accepted: _, ...batch }) => batch),
  },
  {
    bug: "a destroy on an absent key writes nothing",
    caughtBy: "a destroy on an absent key writes a tombstone for the incarnation it names",
    break: (inner) => ({
      async commit(key, batch, call) {
        const { outcome, storeTimeMs } = await inner.load(key, { tombstoneMs: 60_000 }, call);
        const absent = outcome === "missing" && batch.operations[0]?.kind === "destroy";
        return absent ? { outcome, storeTimeMs } : inner.commit(key, batch, call);
      },
    }),
  },
  {
    bug: "an occupied adopt leaves no trace",
    caughtBy: "an adopt that was occupied does not land after the occupant has gone",
    break: (inner) => ({
      async commit(key, batch, call) {
        const reply = await inner.load(key, { tombstoneMs: 60_000 }, call);
        if (batch.operations[0]?.kind !== "adopt" || reply.outcome !== "found") {
          return inner.commit(key, batch, call);
        }
        const { storeTimeMs, state: identity } = reply;
        const { expiresAtMs } = identity;
        const answer = { storeTimeMs, identity, expiresAtMs, created: false, found: false };
        return { outcome: "applied", ...answer, numbers: [] };
      },
    }),
  },
  {
    bug: "a commit names itself as the state that it was applied to",
    caughtBy: "a commit tells by its tag the state that it was applied to, if it tells that",
    break: (inner) => ({
      async commit(key, batch, call) {
        const reply = await inner.commit(key, batch, call);
        return reply.outcome === "applied" ? { ...reply, baseTag: reply.identity.tag } : reply;
      },
    }),
  },
  {
    bug: "nobody is told of anything",
    caughtBy: "a holder is told of another pod's commit: key, incarnation and version",
    break: () => ({ subscribe: () => Promise.resolve(() => Promise.resolve()) }),
  },
  {
    bug: "a pod is told of its own commits",
    caughtBy: "a pod is not told of its own commits",
    break: (inner) => {
      let own: InboxListener | undefined;
      return {
        subscribe: (holder, listener) => inner.subscribe!(holder, own = listener),
        async commit(key, batch, call) {
          const reply = await inner.commit(key, batch, call);
          if (reply.outcome === "applied") own?.onInvalidation({ key, ...reply.identity });
          return reply;
        },
      };
    },
  },
  {
    bug: "a listing takes its prefix for a pattern",
    caughtBy: "a prefix with glob characters means itself",
    break: (inner) => ({ list: (prefix, call) => inner.list(prefix.split("*")[0]!, call) }),
  },
  {
    bug: "each pod has a clock of its own",
    caughtBy: "all pods see one store's time",
    break: (inner, memory) => {
      const behindMs = Number(memory.get("pods") ?? 0) * 1_000;
      memory.set("pods", behindMs / 1_000 + 1);
      return {
        async load(key, request, call) {
          const reply = await inner.load(key, request, call);
          return { ...reply, storeTimeMs: reply.storeTimeMs - behindMs };
        },
      };
    },
  },
];
