/**
 * A pod as the cases see it: an opened adapter with a writer's id, building batches with plain defaults.
 *
 * @module
 */

import type {
  AppliedReply,
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  HeartbeatOptions,
  HeartbeatReply,
  Holder,
  Identity,
  LoadReply,
  LoadRequest,
  Operation,
  SessionState,
  StorageAdapter,
} from "../public.ts";
import { ConformanceError, expectOutcome } from "./expect.ts";
import { randomId } from "./random.ts";
import type { ConformanceSubject } from "./subject.ts";

const CALL_TIMEOUT_MS = 20_000;

/** What a session is created with. */
export interface NewSession {
  /** Its context. @default no fields */
  readonly context?: Readonly<Record<string, unknown>>;
  /** How many vectors its trajectory holds. @default 10 */
  readonly capacity?: number;
  /** Span of its absolute expiry. @default no limit */
  readonly lifetimeMs?: number;
  /** What else is different in the batch that creates it. */
  readonly batch?: Partial<CommitBatch>;
}

/** An adapter that has one of the methods that it may lack. */
export type Having<Method extends keyof StorageAdapter> =
  & StorageAdapter
  & Required<Pick<StorageAdapter, Method>>;

/** One pod on the store under test. */
export class Pod {
  /** The adapter, opened. */
  readonly adapter: StorageAdapter;
  /** This pod's id as a writer. */
  readonly writer: string = randomId("w");
  /** The key of this pod's own. */
  readonly podKey: string = `hakgal:pod:${this.writer}`;
  /** Where this pod is told of other pods' commits. */
  readonly holder: Holder;
  #seq = 0;
  #storeTimeMs = 1;

  /** Made by `ConformanceContext.pod`. */
  constructor(adapter: StorageAdapter, inboxPrefix: string) {
    this.adapter = adapter;
    this.holder = { pod: this.writer, inboxPrefix };
  }

  /** The store's time as of the last reply. */
  get storeTimeMs(): number {
    return this.#storeTimeMs;
  }

  /** A batch under this writer's next seq. */
  batch(operations: readonly Operation[], over: Partial<CommitBatch> = {}): CommitBatch {
    const seq = over.seq ?? this.#seq + 1;
    if (over.writer === undefined) this.#seq = Math.max(this.#seq, seq);
    return {
      writer: this.writer,
      seq,
      incarnation: undefined,
      firstSentAtMs: this.#storeTimeMs,
      ttlMs: 60_000,
      graceMs: 30_000,
      tombstoneMs: 60_000,
      writerRetentionMs: 4 * 3_600_000,
      limits: { maxFields: 256, maxBytes: 1 << 20 },
      operations,
      ...over,
    };
  }

  /** Sends a batch, for the first time or again. */
  async send(key: string, batch: CommitBatch): Promise<CommitReply> {
    const reply = await this.adapter.commit(key, batch, { timeoutMs: CALL_TIMEOUT_MS });
    this.#storeTimeMs = Math.max(this.#storeTimeMs, reply.storeTimeMs);
    return reply;
  }

  /** Sends a new batch. */
  commit(
    key: string,
    operations: readonly Operation[],
    over: Partial<CommitBatch> = {},
  ): Promise<CommitReply> {
    return this.send(key, this.batch(operations, over));
  }

  /** Loads what is under a key. */
  async load(key: string, request: Partial<LoadRequest> = {}): Promise<LoadReply> {
    const reply = await this.adapter.load(
      key,
      { tombstoneMs: 60_000, ...request },
      { timeoutMs: CALL_TIMEOUT_MS },
    );
    this.#storeTimeMs = Math.max(this.#storeTimeMs, reply.storeTimeMs);
    return reply;
  }

  /** Gives a copy back to a store that lost it. */
  async heal(
    key: string,
    state: SessionState,
    over: Partial<HealRequest> = {},
  ): Promise<HealReply> {
    const notAfterMs = this.#storeTimeMs + 60_000;
    const request = { state, notAfterMs, graceMs: 30_000, ...over };
    const reply = await this.can("heal", "heal").heal(key, request, { timeoutMs: CALL_TIMEOUT_MS });
    this.#storeTimeMs = Math.max(this.#storeTimeMs, reply.storeTimeMs);
    return reply;
  }

  /** Counts this pod's own key up. */
  heartbeat(over: Partial<HeartbeatOptions> = {}): Promise<HeartbeatReply> {
    const options = { podKey: this.podKey, keepMs: 60_000, timeoutMs: CALL_TIMEOUT_MS, ...over };
    return this.can("heartbeat", "heartbeat").heartbeat(options);
  }

  /** The adapter, which must have a method unless the subject says that it lacks `what`. */
  can<Method extends "subscribe" | "heal" | "heartbeat">(
    method: Method,
    what: keyof ConformanceSubject,
  ): Having<Method> {
    if (this.adapter[method]) return this.adapter as Having<Method>;
    throw new ConformanceError(
      `the adapter has no ${method}: say \`${what}: false\` in the subject if that is meant`,
    );
  }

  /** Loads what is under many keys, in one go where the adapter can. */
  loadMany(keys: readonly string[]): Promise<LoadReply[]> {
    const request = { tombstoneMs: 60_000 };
    const options = { timeoutMs: CALL_TIMEOUT_MS };
    return this.adapter.loadMany?.(keys, request, options) ??
      Promise.all(keys.map((key) => this.adapter.load(key, request, options)));
  }

  /** The live state under a key. */
  async state(key: string): Promise<SessionState> {
    return expectOutcome(await this.load(key), "found", "the load").state;
  }

  /** The keys of live sessions under a prefix. */
  async list(prefix: string): Promise<Set<string>> {
    const keys = new Set<string>();
    const entries = this.adapter.list(prefix, { timeoutMs: CALL_TIMEOUT_MS });
    for await (const entry of entries) keys.add(entry.key);
    return keys;
  }
}

/** A session as one pod holds it: key, pod and the incarnation meant. */
export class Held {
  /** The session's key. */
  readonly key: string;
  /** The pod that holds it. */
  readonly pod: Pod;
  /** The reply to its creation. */
  readonly made: AppliedReply;

  /** Made by `ConformanceContext.session`. */
  constructor(key: string, pod: Pod, made: AppliedReply) {
    this.key = key;
    this.pod = pod;
    this.made = made;
  }

  /** Its identity as it was created. */
  get identity(): Identity {
    return this.made.identity;
  }

  /** The incarnation meant. */
  get incarnation(): string {
    return this.made.identity.incarnation;
  }

  /** The same session as another pod holds it. */
  by(pod: Pod): Held {
    return new Held(this.key, pod, this.made);
  }

  /** The same session as it is found under another key, once a copy of it was given back there. */
  at(key: string): Held {
    return new Held(key, this.pod, this.made);
  }

  /** Gives a copy of the session back. */
  heal(state: SessionState, over: Partial<HealRequest> = {}): Promise<HealReply> {
    return this.pod.heal(this.key, state, over);
  }

  /** Gives back a copy that has to be taken. */
  async restore(
    state: SessionState,
    over: Partial<HealRequest> = {},
  ): Promise<HealReply & { outcome: "healed" }> {
    return expectOutcome(await this.heal(state, over), "healed", "the heal");
  }

  /** A batch for this incarnation under the pod's next seq. */
  batch(operations: readonly Operation[], over: Partial<CommitBatch> = {}): CommitBatch {
    return this.pod.batch(operations, { incarnation: this.incarnation, ...over });
  }

  /** Sends a batch, for the first time or again. */
  send(batch: CommitBatch): Promise<CommitReply> {
    return this.pod.send(this.key, batch);
  }

  /** Sends a new batch for this incarnation. */
  commit(
    operations: readonly Operation[],
    over: Partial<CommitBatch> = {},
  ): Promise<CommitReply> {
    return this.send(this.batch(operations, over));
  }

  /** Sends a new batch that has to be applied. */
  async apply(
    operations: readonly Operation[],
    over: Partial<CommitBatch> = {},
  ): Promise<AppliedReply> {
    return expectOutcome(await this.commit(operations, over), "applied", "the commit");
  }

  /** Loads what is under the key. */
  load(request: Partial<LoadRequest> = {}): Promise<LoadReply> {
    return this.pod.load(this.key, request);
  }

  /** The live state under the key. */
  state(): Promise<SessionState> {
    return this.pod.state(this.key);
  }

  /** The value of a context field, undefined when there is none. */
  async value(field: string): Promise<unknown> {
    const json = (await this.state()).context.get(field);
    return json === undefined ? undefined : JSON.parse(json);
  }
}
