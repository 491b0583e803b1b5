/**
 * How calls are served while the store is away, or while operations of the session wait for it: reads from what this
 * pod holds, writes into the journal. Nothing here waits for the store.
 *
 * @module
 */

import { editContext } from "./advance.ts";
import type { Unsettled } from "./attempts.ts";
import { asCreation, createdView, partialView, viewRules } from "./blank_views.ts";
import type { Call, CreateCall, DestroyCall, UpdateCall, WriteCall } from "./calls.ts";
import { InvalidInputError, SessionNotFoundError, StoreUnavailableError } from "./errors.ts";
import type { JournaledSession, Patch, Sight, Target } from "./journaled_session.ts";
import { PendingView } from "./pending_view.ts";
import type { Pod } from "./pod.ts";
import { type ContextSchema, schemaIssues } from "./schema.ts";
import { type Copy, parseContext } from "./session.ts";
import type { CacheEntry } from "./session_cache.ts";
import type { Operation } from "./storage_adapter.ts";

/** What this pod may show of a session while the store is away; undefined when it knows nothing of it. */
export function shownCopy(entry: CacheEntry, now: number): Copy | undefined {
  const { journaled } = entry;
  const copy = journaled ? journaled.shown() : entry.copy ?? entry.remnant;
  // Rule 18: what nobody writes to runs out, whether the store is there or not.
  return copy && now < copy.expiresAt ? copy : undefined;
}

/** What memory may answer a read with, at once: a fresh copy, or any that may be shown while the store is away. */
export function heldCopy<Context extends object>(
  { cache, link, settings }: Pod<Context>,
  entry: CacheEntry,
): Copy | undefined {
  const isAway = entry.journaled !== undefined || !link.isUp && settings.failMode === "open";
  if (isAway) return shownCopy(entry, settings.clock.now());
  return cache.isFresh(entry) ? entry.copy : undefined;
}

/** Serves one session's calls. */
export class AwayServer<Context extends object> {
  readonly #pod: Pod<Context>;
  readonly #entry: CacheEntry;
  readonly #now: number;
  /** Callers are told once what they wrote is written down. */
  readonly #answers: (() => void)[] = [];

  constructor(pod: Pod<Context>, entry: CacheEntry) {
    this.#pod = pod;
    this.#entry = entry;
    this.#now = pod.settings.clock.now();
  }

  /** Answers calls; `unsettled` is the batch that was sent for them, and of which nothing is known. */
  async serve(calls: readonly Call[], unsettled?: Unsettled): Promise<void> {
    const waiting = calls.filter(({ answer }) => !answer.settled);
    for (const { answer } of waiting) answer.serveFromMemory({ degraded: true });
    if (unsettled) this.#guard(waiting, () => this.#keepUnsettled(calls, unsettled));
    else {
      const { schema } = this.#pod.settings;
      for (const call of waiting) {
        const issues = schema && await this.#schemaIssues(call, schema);
        this.#guard([call], () => this.#serve(call, issues));
      }
    }
    if (this.#answers.length === 0) return;
    if (this.#pod.journal.isDurable) await this.#pod.journal.persist();
    for (const answer of this.#answers) answer();
  }

  #guard(calls: readonly Call[], serve: () => void): void {
    try {
      serve();
    } catch (error) {
      for (const { answer } of calls) answer.reject(error);
    }
  }

  #serve(call: Call, issues: string | undefined): void {
    if (issues) {
      throw new InvalidInputError("context", `The context would not fit the schema: ${issues}`);
    }
    switch (call.kind) {
      case "read":
        return call.answer.resolve(shownCopy(this.#entry, this.#now));
      case "create":
        return this.#create(call);
      case "write":
        return this.#write(call);
      case "update":
        return this.#update(call);
      case "destroy":
        return this.#destroy(call);
      case "rotate":
        throw away("The store is away, and a session is rotated only where the store can tell.");
    }
  }

  #create({ context, answer }: CreateCall): void {
    const shown = shownCopy(this.#entry, this.#now);
    if (shown) return answer.resolve(shown);
    const create = {
      kind: "create" as const,
      nonce: this.#pod.nonce(),
      context,
      capacity: this.#pod.settings.limits.trajectoryVectors,
      lifetimeMs: this.#pod.settings.maxLifetimeMs,
    };
    const view = createdView(this.#pod, [create], this.#now);
    const target: Target = { kind: "creating", nonce: create.nonce };
    const held = this.#entry.journaled;
    const sight: Sight = { kind: "whole", view };
    const session = held ?? this.#pod.journal.begin(this.#entry, target, sight);
    this.#pod.journal.admit(session, [create], "own-step");
    this.#pod.journal.change(session, () => {
      session.span = { target };
      session.sight = sight;
      session.addWrite([create], this.#now);
    });
    const copy = session.seen(view);
    this.#then(() => answer.resolve(copy));
  }

  #write(call: WriteCall): void {
    const session = this.#session();
    const { sight } = session;
    if (sight.kind === "dead") {
      if (call.wants === "presence") return call.answer.resolve(false);
      throw new SessionNotFoundError(sight.reason);
    }
    const { numbers, apply } = sight.view.draft(call.operations, this.#now);
    this.#add(session, call.operations);
    apply();
    switch (call.wants) {
      case "number":
        return this.#then(() => call.answer.resolve(numbers.at(-1)!));
      case "copy": {
        const copy = session.seen(sight.view);
        return this.#then(() => call.answer.resolve(copy));
      }
      case "presence":
        return this.#then(() => call.answer.resolve(isKnown(session)));
    }
  }

  #update({ patch, answer }: UpdateCall): void {
    const session = this.#session();
    const { sight } = session;
    if (sight.kind === "dead") throw new SessionNotFoundError(sight.reason);
    if (sight.kind === "partial") {
      throw away(
        "The store is away, and this pod does not hold the session that is to be updated.",
      );
    }
    const rerun: Patch = (context) => patch(parseContext(context));
    const operations = rerun(sight.view.context);
    const { apply } = sight.view.draft(operations, this.#now);
    this.#pod.journal.admit(session, operations, "own-step");
    this.#pod.journal.change(session, () => session.addUpdate(rerun, operations, this.#now));
    apply();
    const copy = session.seen(sight.view);
    this.#then(() => answer.resolve(copy));
  }

  #destroy({ answer }: DestroyCall): void {
    const session = this.#session();
    const { sight } = session;
    // What has run out for this pod may have been kept alive by another one (rule 18).
    if (sight.kind === "dead" && sight.reason !== "expired") return answer.resolve(false);
    const isFound = sight.kind !== "dead" && isKnown(session);
    this.#pod.journal.admit(session, [], "own-step");
    this.#pod.journal.change(session, () => session.addDestroy(this.#now));
    this.#bury(session);
    this.#then(() => answer.resolve(isFound));
  }

  /**
   * Keeps a batch that was sent already. What waited for it is answered as if it had just been accepted: whether it
   * had been applied or not, it counts once (rule 6).
   */
  #keepUnsettled(calls: readonly Call[], { sealed, incarnation, firstAt }: Unsettled): void {
    const { journal } = this.#pod;
    const creation = asCreation(sealed.operations);
    // Rule 21: a session that another pod may have seen counts from when it can have been made.
    const acceptedAt = creation ? firstAt : this.#now;
    const session = creation ? this.#creating(creation, firstAt) : this.#session(incarnation);
    const { sight } = session;
    const isDestroy = sealed.operations[0]?.kind === "destroy";
    if (sight.kind === "dead" && !isDestroy) {
      throw unconfirmed(
        "The store did not confirm the command, and the session has expired since.",
      );
    }
    const draft = sight.kind === "dead" || creation || isDestroy
      ? undefined
      : sight.view.draft(sealed.operations, this.#now);
    try {
      journal.admit(session, sealed.operations, "own-step");
    } catch (cause) {
      throw unconfirmed("The store did not confirm the command, and the journal is full.", cause);
    }
    journal.change(session, () => {
      session.addSealed(sealed, sealed.ifVersion && patchOf(calls), acceptedAt);
    });
    draft?.apply();
    if (isDestroy) this.#bury(session);
    for (const call of calls) this.#then(() => answerKept(call, session));
  }

  /** The session's journal, made of what is held if nothing of it waits yet. */
  #session(incarnation?: string): JournaledSession {
    const entry = this.#entry;
    const held = entry.journaled;
    if (held) {
      this.#expire(held);
      return held;
    }
    const { journal } = this.#pod;
    const { stub } = entry;
    const shown = shownCopy(entry, this.#now);
    const bound = incarnation ?? stub?.incarnation;
    if (bound === undefined) {
      return journal.begin(entry, { kind: "unbound" }, {
        kind: "partial",
        view: partialView(this.#pod, undefined, this.#now),
      });
    }
    const target: Target = { kind: "bound", incarnation: bound, madeAtMs: stub?.madeAtMs };
    if (shown) {
      const view = PendingView.of(shown, viewRules(this.#pod));
      return journal.begin(entry, target, { kind: "whole", view });
    }
    const isDead = stub !== undefined && stub.expiresAt <= this.#now;
    const sight: Sight = isDead
      ? { kind: "dead", reason: "expired" }
      : { kind: "partial", view: partialView(this.#pod, stub, this.#now) };
    return journal.begin(entry, target, sight);
  }

  /** Rule 18: what nobody kept alive runs out; what waits of it was accepted in time, and is kept. */
  #expire(session: JournaledSession): void {
    const { sight } = session;
    if (sight.kind !== "dead" && sight.view.expiresAt <= this.#now) {
      session.sight = { kind: "dead", reason: "expired" };
    }
  }

  /** Online calls are served only where nothing waits, so a create that was sent is the first that does. */
  #creating(
    creation: NonNullable<ReturnType<typeof asCreation>>,
    firstAt: number,
  ): JournaledSession {
    const view = createdView(this.#pod, creation, firstAt);
    const target: Target = { kind: "creating", nonce: creation[0].nonce };
    return this.#pod.journal.begin(this.#entry, target, { kind: "whole", view });
  }

  #add(session: JournaledSession, operations: readonly Operation[]): void {
    this.#pod.journal.admit(session, operations, "any-step");
    this.#pod.journal.change(session, () => session.addWrite(operations, this.#now));
  }

  /** Rule 17: from now on it is not served any more, and the destroy is remembered. */
  #bury(session: JournaledSession): void {
    const { target } = session.span;
    const { destroys, link } = this.#pod;
    if (target.kind === "bound") {
      destroys.remember(this.#entry.key, target, link.era);
    }
    this.#entry.dropCopy();
    session.sight = { kind: "dead", reason: "destroyed" };
  }

  async #schemaIssues(
    call: Call,
    schema: ContextSchema<Context>,
  ): Promise<string | undefined> {
    if (call.kind !== "write" && call.kind !== "update") return undefined;
    const context = shownCopy(this.#entry, this.#now)?.state.context;
    if (!context) return undefined;
    try {
      const operations = call.kind === "write"
        ? call.operations
        : call.patch(parseContext(context));
      return await schemaIssues(schema, editContext(context, operations));
    } catch {
      // The function is run again, and its error told, when the call is served.
      return undefined;
    }
  }

  #then(answer: () => void): void {
    this.#answers.push(answer);
  }
}

/** Whether this pod knows that there is such a session. */
function isKnown(session: JournaledSession): boolean {
  return session.sight.kind === "whole" || session.span.target.kind === "bound";
}

/** The functions of all updates in one batch; callers that gave up are part of it all the same. */
function patchOf(calls: readonly Call[]): Patch {
  const updates = calls.filter((call): call is UpdateCall => call.kind === "update");
  return (context) => {
    let edited = context;
    const operations: Operation[] = [];
    for (const { patch } of updates) {
      const made = patch(parseContext(edited));
      edited = editContext(edited, made);
      operations.push(...made);
    }
    return operations;
  };
}

function answerKept(call: Call, session: JournaledSession): void {
  const { view } = session.sight as Exclude<Sight, { kind: "dead" }>;
  switch (call.kind) {
    case "destroy":
      return call.answer.resolve(true);
    case "create":
    case "update":
      return call.answer.resolve(session.seen(view));
    case "write":
      if (call.wants === "presence") return call.answer.resolve(true);
      if (call.wants === "copy") return call.answer.resolve(session.seen(view));
      return call.answer.resolve(view.numberOf(incrementedField(call.operations)));
  }
}

function incrementedField(operations: readonly Operation[]): string {
  const [operation] = operations as [Operation & { kind: "increment" }];
  return operation.field;
}

function unconfirmed(message: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError(message, { outcome: "unknown", cause });
}

function away(message: string): StoreUnavailableError {
  return new StoreUnavailableError(message, { outcome: "not-applied" });
}
