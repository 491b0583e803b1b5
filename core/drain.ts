/**
 * Bringing what is journaled of one session into the store: batch by batch, each bound to its incarnation, sealed and
 * written down before it is sent, and settled once. What cannot be kept is told, and the rest goes on.
 *
 * @module
 */

import { missing } from "./absence.ts";
import { advance } from "./advance.ts";
import type { Attempts } from "./attempts.ts";
import { StoreUnavailableError } from "./errors.ts";
import type { RejectedReason } from "./events.ts";
import { failpoint } from "./failpoint.ts";
import { healSession, mendMissing } from "./healing.ts";
import type { JournaledSession, Patch, Step } from "./journaled_session.ts";
import { misfitError } from "./misfit.ts";
import type { Pod } from "./pod.ts";
import { completeRotation } from "./rotation.ts";
import { seal, type SealedBatch, toCommit, toStoreTime } from "./sealed_batch.ts";
import type {
  CommitReply,
  Identity,
  InvalidReply,
  LoadReply,
  Operation,
  SessionState,
} from "./storage_adapter.ts";
import type { Answer } from "./store_link.ts";

/** Drains a session. No commit of this pod on it is open. Throws when the store cannot go on taking writes. */
export async function drain<Context extends object>(
  pod: Pod<Context>,
  session: JournaledSession,
): Promise<void> {
  for (let step; (step = session.steps[0]) !== undefined;) {
    await new Draining(pod, session, step).run();
    await pod.journal.persist();
  }
  keepView(session);
}

/** What callers saw is shown to them while the store is away again, until it is read from the store. */
function keepView({ entry, sight, isKept }: JournaledSession): void {
  const { stub, copy } = entry;
  if (!stub || copy || !isKept || sight.kind !== "whole") return;
  const { incarnation, version, expiresAt } = stub;
  const { state, sentAt } = sight.view.copy();
  entry.keepStub(stub, { state: { ...state, incarnation, version }, sentAt, expiresAt });
}

/** Reasons that say that there is no such session. */
const IS_ABSENT: ReadonlySet<RejectedReason> = new Set([
  "destroyed",
  "expired",
  "vanished",
  "unknown",
]);

/** What becomes of a step that is sent: it is settled, or goes on. */
type Progress = "settled" | "again";

/** One step on its way. */
class Draining<Context extends object> {
  readonly #pod: Pod<Context>;
  readonly #session: JournaledSession;
  readonly #step: Step;
  readonly #attempts: Attempts;
  #sendsPrev = true;
  #wasMended = false;

  constructor(pod: Pod<Context>, session: JournaledSession, step: Step) {
    this.#pod = pod;
    this.#session = session;
    this.#step = step;
    this.#attempts = pod.attempts();
  }

  async run(): Promise<void> {
    const { journal, settings } = this.#pod;
    if (settings.clock.now() - this.#step.firstAt > journal.maxAgeMs) {
      return this.#reject("too-old");
    }
    if (this.#step.span.target.kind === "unbound") await this.#bind();
    const { target } = this.#step.span;
    if (target.kind === "dead") return void this.#end(target.reason);
    if (!this.#step.sealed && !await this.#seal()) return;
    do await journal.persist(); while (await this.#send() === "again");
  }

  /** Rule 9: what lives now is meant, if it was made no later than the first call. */
  async #bind(): Promise<void> {
    const { span } = this.#step;
    const found = await this.#read();
    if (typeof found === "string") {
      span.target = { kind: "dead", reason: found };
      return;
    }
    const { incarnation, incarnationAtMs } = found;
    span.target = incarnationAtMs <= this.#acceptedMs
      ? { kind: "bound", incarnation, madeAtMs: incarnationAtMs }
      : { kind: "dead", reason: "unknown" };
  }

  /** Rule 6: from now on the batch never changes; it is written down before it is sent. */
  async #seal(): Promise<boolean> {
    switch (this.#step.kind) {
      case "write":
        this.#keep(seal(this.#pod, this.#step.pending.toOperations()));
        return true;
      case "destroy": {
        const { target } = this.#step.span;
        const madeAtMs = target.kind === "bound" ? target.madeAtMs : undefined;
        const made = madeAtMs === undefined ? {} : { incarnationAtMs: madeAtMs };
        this.#keep(seal(this.#pod, [{ kind: "destroy", ...made }]));
        return true;
      }
      case "update":
        return await this.#sealUpdate(undefined);
    }
  }

  /** Rule 19: the function runs against the store's state, and its number is kept when it runs again. */
  async #sealUpdate(before: SealedBatch | undefined): Promise<boolean> {
    const { patch } = this.#step;
    if (!patch) return this.#refuse("conflict");
    const found = await this.#read();
    if (typeof found === "string") return this.#refuse(found);
    const { target } = this.#step.span;
    const { incarnation, version, tag } = found;
    if (target.kind === "bound" && incarnation !== target.incarnation) {
      return this.#refuse("destroyed");
    }
    const operations = this.#run(patch, found);
    if (!operations) return false;
    const number = before && { writer: before.writer, seq: before.seq };
    const ifVersion: Identity = { incarnation, version, tag };
    this.#keep(seal(this.#pod, operations, number, ifVersion));
    return true;
  }

  #run(patch: Patch, { context }: SessionState): readonly Operation[] | undefined {
    try {
      return patch(context);
    } catch (error) {
      this.#reject("invalid", error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #keep(sealed: SealedBatch): void {
    this.#pod.journal.change(this.#session, () => this.#step.sealed = sealed);
  }

  async #send(): Promise<Progress> {
    const { entry } = this.#session;
    const { target } = this.#step.span;
    const sealed = this.#step.sealed!;
    const incarnation = target.kind === "bound" ? target.incarnation : undefined;
    const prev = incarnation && this.#sendsPrev && sealed.writer === this.#pod.writer
      ? entry.acknowledgedSeq(incarnation)
      : undefined;
    const { firstAt, lastAt } = this.#step;
    const destination = {
      incarnation,
      prev,
      holder: this.#pod.holder(entry.key.tenant),
      accepted: { firstAt, lastAt },
    };
    const answer = await this.#attempts.commit(sealed, incarnation, (timeoutMs) => {
      const batch = toCommit(this.#pod, sealed, destination);
      return this.#pod.link.commit(entry.key.storeKey, batch, timeoutMs);
    });
    failpoint("replied", this.#pod.writer);
    return await this.#take(answer, sealed);
  }

  async #take(answer: Answer<CommitReply>, sealed: SealedBatch): Promise<Progress> {
    const { reply } = answer;
    switch (reply.outcome) {
      case "applied":
        this.#became(reply.identity.incarnation, reply.created ? reply.storeTimeMs : undefined);
        if (this.#step.kind === "destroy") this.#buried();
        else advance(this.#session.entry, sealed, { ...answer, reply }, this.#acceptedMs);
        failpoint("cached", this.#pod.writer);
        return this.#settle();
      case "duplicate":
        this.#became(reply.incarnation, undefined);
        if (this.#step.kind === "destroy") this.#buried();
        else this.#acknowledge(reply.incarnation, reply.version, sealed);
        return this.#settle();
      case "gone":
        return await this.#gone(reply.moving, reply.reason === "expired" ? "expired" : "destroyed");
      case "missing":
        return await this.#missing();
      case "behind":
        this.#sendsPrev = false;
        await healSession(this.#pod, this.#session.entry, this.#attempts);
        return "again";
      case "late":
        await this.#attempts.refused("The command arrived after its deadline.");
        return "again";
      case "conflict":
        this.#attempts.restart();
        return await this.#sealUpdate(sealed) ? "again" : "settled";
      case "invalid":
        return this.#withoutMisfit(reply, sealed);
      case "unknown":
        return this.#end("undecidable");
      case "corrupt":
        return this.#end("corrupt", reply.detail);
    }
  }

  /** Rule 8: for all that is queued behind a create, it is now the incarnation that it became. */
  #became(incarnation: string, madeAtMs: number | undefined): void {
    const { span } = this.#step;
    if (span.target.kind === "creating") span.target = { kind: "bound", incarnation, madeAtMs };
  }

  #buried(): void {
    const { entry } = this.#session;
    const { target } = this.#step.span;
    if (target.kind === "bound") {
      this.#pod.destroys.remember(entry.key, target, this.#pod.link.era);
    }
    entry.forget();
  }

  /** What a duplicate led to has to be read, when somebody wants it; how to address it is known. */
  #acknowledge(incarnation: string, version: number, sealed: SealedBatch): void {
    const { entry } = this.#session;
    const expiresAt = this.#step.lastAt + this.#pod.settings.ttlMs;
    const acknowledgedSeq = sealed.writer === this.#pod.writer ? sealed.seq : 0;
    const madeAtMs = entry.stub?.incarnation === incarnation ? entry.stub.madeAtMs : undefined;
    entry.keepStub({ incarnation, version, acknowledgedSeq, expiresAt, madeAtMs });
  }

  async #gone(isMoving: boolean, reason: RejectedReason): Promise<Progress> {
    if (isMoving) {
      // It is completed, and not followed: the next answer says what became of it.
      await this.#read();
      return "again";
    }
    this.#session.entry.forget();
    return this.#end(reason);
  }

  /** First it is found out whether the store lost its memory, and if so the base is put back. */
  async #missing(): Promise<Progress> {
    const { entry } = this.#session;
    if (await mendMissing(this.#pod, entry, this.#attempts, this.#wasMended)) {
      this.#wasMended = true;
      return "again";
    }
    missing(this.#pod, entry);
    return this.#end("vanished");
  }

  /** Sealed again under the same number, without the operation that does not fit: nothing of it was applied. */
  #withoutMisfit(reply: InvalidReply, sealed: SealedBatch): Progress {
    const { message } = misfitError(reply, sealed.operations);
    const isAll = sealed.operations.length === 1 ||
      reply.operation === 0 && this.#creates(sealed) ||
      this.#step.kind === "update";
    if (isAll) return this.#end("invalid", message);
    const { journal } = this.#pod;
    let count = 0;
    journal.change(this.#session, () => {
      count = this.#session.forgo(sealed, reply.operation);
    });
    journal.tell(this.#session, count, "invalid", message);
    return "again";
  }

  #creates(sealed: SealedBatch): boolean {
    return sealed.operations[0]?.kind === "create";
  }

  /** The state that lives, whether or not it expired while the store was away; or why there is none. */
  async #read(): Promise<SessionState | RejectedReason> {
    const { storeKey } = this.#session.entry.key;
    for (;;) {
      const request = { tombstoneMs: this.#pod.tombstoneMs, acceptedMs: this.#acceptedMs };
      const { reply } = await this.#attempts.read((timeoutMs) =>
        this.#pod.link.load(storeKey, request, timeoutMs)
      );
      if (reply.outcome !== "moving") return toFound(reply);
      await completeRotation(this.#pod, storeKey, reply.moving, this.#attempts);
    }
  }

  get #acceptedMs(): number {
    return toStoreTime(this.#pod, this.#step.firstAt);
  }

  #settle(): Progress {
    this.#pod.journal.settle(this.#session, this.#step.count);
    return "settled";
  }

  /** The step cannot be kept; where its incarnation is dead, neither can what follows it. */
  #end(reason: RejectedReason, detail?: string): Progress {
    const isAboutThisStep = reason === "invalid" || reason === "conflict";
    const isDead = !isAboutThisStep || this.#step.span.target.kind === "creating";
    if (isDead) this.#step.span.target = { kind: "dead", reason };
    if (IS_ABSENT.has(reason) && this.#losesNothing) return this.#settle();

    this.#reject(reason, detail);
    return "settled";
  }

  /** Whoever wanted it dead has what he wanted, and what is not there has no time to renew. */
  get #losesNothing(): boolean {
    const { kind, sealed, pending } = this.#step;
    if (kind === "destroy") return true;
    return (sealed?.operations ?? pending.toOperations()).every((step) => step.kind === "touch");
  }

  #refuse(reason: RejectedReason): false {
    this.#end(reason);
    return false;
  }

  #reject(reason: RejectedReason, detail?: string): void {
    this.#pod.journal.reject(this.#session, this.#step, reason, detail);
  }
}

function toFound(reply: Exclude<LoadReply, { outcome: "moving" }>): SessionState | RejectedReason {
  switch (reply.outcome) {
    case "found":
      return reply.state;
    case "gone":
      return reply.reason === "expired" ? "expired" : "destroyed";
    case "missing":
      return "unknown";
    case "corrupt":
      return "corrupt";
    case "unchanged":
      throw new StoreUnavailableError("The store answered about a state that nobody named.", {
        outcome: "not-applied",
      });
  }
}
