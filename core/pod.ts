/**
 * What all parts of one manager share: who the pod is, its settings, its way to the store, its memory.
 *
 * @module
 */

import { type AttemptOptions, Attempts } from "./attempts.ts";
import { Destroys } from "./destroys.ts";
import { EventHub } from "./events.ts";
import type { WallClock } from "./journal_record.ts";
import { KeySpace, type SessionKey } from "./key_space.ts";
import { Newcomers } from "./newcomers.ts";
import { Observers } from "./observers.ts";
import type { Settings } from "./options.ts";
import { OutageJournal } from "./outage_journal.ts";
import { type Random, randomId } from "./random.ts";
import { SessionCache } from "./session_cache.ts";
import type { Holder, StateLimits, StorageAdapter } from "./storage_adapter.ts";
import { type LinkListener, StoreLink } from "./store_link.ts";

/** Margin for what is under way when a tombstone runs out. */
const TOMBSTONE_MARGIN_MS = 60_000;

/** One pod. */
export class Pod<Context extends object> {
  readonly settings: Settings<Context>;
  readonly keys: KeySpace;
  readonly link: StoreLink;
  readonly cache: SessionCache;
  readonly events: EventHub;
  readonly observers: Observers;
  readonly journal: OutageJournal;
  readonly destroys: Destroys;
  readonly newcomers: Newcomers = new Newcomers();
  readonly random: Random;
  /** The pod's random id, as which it commits. */
  readonly writer: string;
  /** As which it repeats destroys. */
  readonly repeater: string;
  /** Limits that the store checks. */
  readonly stateLimits: StateLimits;
  readonly #tries: AttemptOptions;
  /** By tenant; as many as there are inboxes that the pod listens to. */
  readonly #holders = new Map<string, Holder>();
  #seq = 0;

  constructor(
    settings: Settings<Context>,
    adapter: StorageAdapter,
    listener: LinkListener,
  ) {
    const { clock, random, commandTimeoutMs: timeoutMs, maxStalenessMs } = settings;
    this.settings = settings;
    this.random = random ?? Math.random;
    this.writer = randomId(random);
    this.repeater = randomId(random);
    this.keys = new KeySpace(settings.keyPrefix, settings.idSecret);
    const podKey = this.keys.pod(this.writer);
    this.observers = new Observers(clock, this.keys, settings.logger);
    const link = {
      clock,
      random: this.random,
      timeoutMs,
      podKey,
      keepMs: this.tombstoneMs,
      observers: this.observers,
      tenantOf: (key: string) => this.keys.tenantOf(key),
    };
    this.link = new StoreLink(adapter, link, listener);
    this.destroys = new Destroys(clock, this.tombstoneMs);
    this.cache = new SessionCache({ ...settings.cache, maxStalenessMs }, clock);
    this.events = new EventHub(settings.logger);
    const { journal, limits } = settings;
    this.stateLimits = { maxFields: limits.fields, maxBytes: limits.sessionBytes };
    const isAway = () => !this.link.isUp;
    this.#tries = { clock, random: this.random, windowMs: timeoutMs, isAway };
    const capacity = limits.trajectoryVectors;
    this.journal = new OutageJournal(this.writer, journal, capacity, this.events, this.wall);
  }

  /**
   * The machine's wall clock beside the pod's: a monotonic clock ends with its process, and a journal may outlive it.
   * What comes out later than now is taken for now.
   */
  get wall(): WallClock {
    const { clock } = this.settings;
    const wallTime = () => clock.wallTime?.() ?? Date.now();
    return {
      toWall: (at) => wallTime() - (clock.now() - at),
      fromWall: (atMs) => clock.now() - Math.max(0, wallTime() - atMs),
    };
  }

  /** The next commit number: ever increasing, never used for anything else. */
  nextSeq(): number {
    return ++this.#seq;
  }

  /** A new incarnation's nonce. */
  nonce(): string {
    return randomId(this.settings.random);
  }

  /** A window of tries, one command timeout long. */
  attempts(): Attempts {
    return new Attempts(this.#tries);
  }

  /** This pod as a holder of a tenant's sessions. */
  holder(tenant: string): Holder {
    let holder = this.#holders.get(tenant);
    if (!holder) {
      holder = { pod: this.writer, inboxPrefix: this.keys.inboxPrefix(tenant) };
      this.#holders.set(tenant, holder);
    }
    return holder;
  }

  /** Keys whose destroys the store has to be told again since it lost its memory; each is answered once (rule 17). */
  destroysToRepeat(): SessionKey[] {
    return this.destroys.due(this.link.era);
  }

  /** How long a create may be under way: executed later, it is `late` (rule 2). */
  get deadlineSpanMs(): number {
    return 4 * this.settings.commandTimeoutMs;
  }

  /** How long a writer's entry is kept: no retry or journal is older (rule 3). */
  get writerRetentionMs(): number {
    return this.settings.journal.maxAgeMs;
  }

  /** Rule 4: as long as a journal, or any pod's copy, plus the deadline's span, with a margin. */
  get tombstoneMs(): number {
    const { journal, ttlMs } = this.settings;
    const longestMs = Math.max(journal.maxAgeMs, ttlMs);
    return longestMs + this.deadlineSpanMs + TOMBSTONE_MARGIN_MS;
  }
}
