/**
 * Reading a session from the store into its cache entry.
 *
 * @module
 */

import type { Attempts } from "./attempts.ts";
import type { CacheEntry } from "./session_cache.ts";
import { CorruptRecordError, type NotFoundReason } from "./errors.ts";
import type { Pod } from "./pod.ts";
import { completeRotation } from "./rotation.ts";
import { schemaIssues } from "./schema.ts";
import type { Copy } from "./session.ts";
import type { Identity, LoadReply, LoadRequest, SessionState } from "./storage_adapter.ts";
import type { Answer } from "./store_link.ts";

/** A session that lives, or why it does not. */
export type Lookup =
  | { readonly alive: true; readonly copy: Copy }
  | { readonly alive: false; readonly reason: NotFoundReason };

/** Asks the store, and completes a rotation that it meets. */
export async function load<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<Lookup> {
  for (;;) {
    const heardBefore = entry.heardCount;
    const answer = await send(pod, entry, attempts);
    if (answer.reply.outcome !== "moving") return await take(pod, entry, answer, heardBefore);
    await completeRotation(pod, entry.key.storeKey, answer.reply.moving, attempts);
  }
}

/**
 * Takes what a load answered. No commit of this pod on the session was open meanwhile, and what is answered after
 * the command timeout finds nobody: so the reply is taken as it is (rule 12).
 */
export async function take<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  answer: Answer<LoadReply>,
  heardBefore: number,
): Promise<Lookup> {
  const { reply } = answer;
  switch (reply.outcome) {
    case "found":
      return await found(pod, entry, answer, reply.state, heardBefore);
    case "unchanged": {
      const { expiresAtMs } = reply;
      const copy = toCopy({ ...entry.copy!.state, expiresAtMs }, answer);
      entry.keepLoaded(copy, heardBefore);
      return { alive: true, copy };
    }
    case "gone":
      entry.forget();
      return { alive: false, reason: reply.reason === "expired" ? "expired" : "destroyed" };
    case "missing":
      return { alive: false, reason: missing(pod, entry) };
    case "corrupt":
      throw corrupt(pod, entry, reply.detail);
    case "moving":
      throw new TypeError("a moving session is completed, not taken");
  }
}

/** A copy of a state that was read or made by what was sent then: it never outlives the store's. */
export function toCopy(state: SessionState, answer: Answer<{ storeTimeMs: number }>): Copy {
  const leftMs = state.expiresAtMs - answer.reply.storeTimeMs;
  return { state, sentAt: answer.sentAt, expiresAt: answer.sentAt + leftMs };
}

/** Forgets a session that left no trace in the store, and says what that means to this pod. */
export function missing<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
): NotFoundReason {
  const held = entry.stub;
  entry.forget();
  if (!held) return "unknown";
  if (held.expiresAt <= pod.settings.clock.now()) return "expired";
  const { tenant, hashedId } = entry.key;
  pod.events.emit("vanished", { tenant, hashedId });
  return "vanished";
}

/** Reports a record that cannot be read; the answer is to be thrown. */
export function corrupt<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  detail: string,
): CorruptRecordError {
  const { tenant, hashedId } = entry.key;
  entry.forget();
  pod.events.emit("corrupt", { tenant, hashedId, detail });
  return new CorruptRecordError(tenant, hashedId, detail);
}

function send<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  attempts: Attempts,
): Promise<Answer<LoadReply>> {
  const { state } = entry.copy ?? {};
  const request: LoadRequest = {
    holder: pod.holder(entry.key),
    tombstoneMs: pod.tombstoneMs,
    ...(state && { known: identityOf(state) }),
  };
  return attempts.read((timeoutMs) => pod.link.load(entry.key.storeKey, request, timeoutMs));
}

function identityOf({ incarnation, version, tag }: SessionState): Identity {
  return { incarnation, version, tag };
}

async function found<Context extends object>(
  pod: Pod<Context>,
  entry: CacheEntry,
  answer: Answer<LoadReply>,
  state: SessionState,
  heardBefore: number,
): Promise<Lookup> {
  const { schema } = pod.settings;
  const issues = schema && await schemaIssues(schema, state.context);
  if (issues) throw corrupt(pod, entry, `its context does not fit the schema: ${issues}`);
  const held = entry.stub !== undefined;
  const copy = toCopy(state, answer);
  entry.keepLoaded(copy, heardBefore);
  if (!held) {
    const { tenant, hashedId } = entry.key;
    pod.events.emit("recovered", { tenant, hashedId, version: state.version });
  }
  return { alive: true, copy };
}
