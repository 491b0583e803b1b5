/**
 * What all parts of one manager share: who the pod is, its settings, its way to the store, its memory.
 *
 * @module
 */

import { Attempts } from "./attempts.ts";
import { EventHub } from "./events.ts";
import { KeySpace, type SessionKey } from "./key_space.ts";
import type { Settings } from "./options.ts";
import { randomId } from "./random.ts";
import { SessionCache } from "./session_cache.ts";
import type { Holder, StorageAdapter } from "./storage_adapter.ts";
import { StoreLink } from "./store_link.ts";

/** A journal may hold writes for this long, so a tombstone and a writer's entry live as long. */
const JOURNAL_MAX_AGE_MS = 4 * 3_600_000;

/** Margin for what is under way when a tombstone runs out. */
const TOMBSTONE_MARGIN_MS = 60_000;

/** One pod. */
export class Pod<Context extends object> {
  readonly settings: Settings<Context>;
  readonly keys: KeySpace;
  readonly link: StoreLink;
  readonly cache: SessionCache;
  readonly events: EventHub;
  /** The pod's random id, as which it commits. */
  readonly writer: string;
  #seq = 0;

  constructor(
    settings: Settings<Context>,
    adapter: StorageAdapter,
  ) {
    const { clock, random, commandTimeoutMs: timeoutMs, maxStalenessMs } = settings;
    this.settings = settings;
    this.writer = randomId(random);
    this.keys = new KeySpace(settings.keyPrefix, settings.idSecret);
    this.link = new StoreLink(adapter, clock, { timeoutMs, podKey: this.keys.pod(this.writer) });
    this.cache = new SessionCache({ ...settings.cache, maxStalenessMs }, clock);
    this.events = new EventHub(settings.logger);
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
    const { clock, random, commandTimeoutMs } = this.settings;
    return new Attempts(clock, random ?? Math.random, commandTimeoutMs);
  }

  /** This pod as a holder of a tenant's sessions. */
  holder(key: SessionKey): Holder {
    return { pod: this.writer, inboxPrefix: this.keys.inboxPrefix(key.tenant) };
  }

  /** How long a create may be under way: executed later, it is `late` (rule 2). */
  get deadlineSpanMs(): number {
    return 4 * this.settings.commandTimeoutMs;
  }

  /** How long a writer's entry is kept: no retry or journal is older (rule 3). */
  get writerRetentionMs(): number {
    return JOURNAL_MAX_AGE_MS;
  }

  /** Rule 4: as long as a journal, or any pod's copy, plus the deadline's span, with a margin. */
  get tombstoneMs(): number {
    const longestMs = Math.max(JOURNAL_MAX_AGE_MS, this.settings.ttlMs);
    return longestMs + this.deadlineSpanMs + TOMBSTONE_MARGIN_MS;
  }
}
