/**
 * The audit log of one manager: turns calls into lines, and brings them to the sink in their order.
 *
 * @module
 */

import type { AuditSettings } from "./audit.ts";
import { type LineHash, NO_LINES, sealLine } from "./audit_chain.ts";
import type { AuditHead, AuditLog, SealedLine } from "./audit_log.ts";
import { PayloadWriter } from "./audit_payload.ts";
import { AuditQueue, type WaitingLine } from "./audit_queue.ts";
import { callFields, eventFields, type Moment } from "./audit_record.ts";
import { type Clock, type Timer, within } from "./clock.ts";
import type { EventHub } from "./events.ts";
import type { Observer } from "./observer.ts";

/** Lines that are handed over at once, at most. */
const BATCH_LINES = 500;
/** A sink that failed is tried again after so long, twice as long each time. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** Whose audit trail it is. */
export interface AuditOwner {
  readonly pod: string;
  readonly clock: Clock;
  readonly events: EventHub;
}

/** Writes calls down. A sink that fails, or is slow, costs lines, which are counted, and never a call. */
export class AuditTrail {
  readonly #settings: AuditSettings;
  readonly #makeLog: () => AuditLog | Promise<AuditLog>;
  readonly #hash: LineHash;
  readonly #owner: AuditOwner;
  readonly #queue = new AuditQueue();
  readonly #firstOpen: Promise<void>;
  #tellFirstOpen!: (error?: unknown) => void;
  #log: AuditLog | undefined;
  #state: "unopened" | "open" | "failed" | "closed" = "unopened";
  #wasOpened = false;
  #head: AuditHead = NO_LINES;
  /** What was sent last, as long as it is not known to be kept: the first of the queue. */
  #sent: readonly SealedLine[] = [];
  #writing: Promise<void> | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #pause: Timer | undefined;

  /** `makeLog` makes the sink; it is called again as long as it fails. */
  constructor(
    settings: AuditSettings,
    makeLog: () => AuditLog | Promise<AuditLog>,
    hash: LineHash,
    owner: AuditOwner,
  ) {
    this.#settings = settings;
    this.#makeLog = makeLog;
    this.#hash = hash;
    this.#owner = owner;
    this.#firstOpen = new Promise((resolve, reject) => {
      this.#tellFirstOpen = (error) => error === undefined ? resolve() : reject(error);
    });
    this.#firstOpen.catch(() => {}); // Whoever waits for it is told; the event tells everybody.
    const moment = this.#moment();
    this.#queue.push(eventFields("opened", moment, { level: settings.level }), moment.atMs);
  }

  /** Hears of the calls. */
  get observer(): Observer {
    const { level, redact } = this.#settings;
    const payloads = level === "full" ? new PayloadWriter(redact) : undefined;
    return {
      call: (call) => {
        const given = payloads?.given(call);
        return (end) => {
          const payload = given ?? payloads?.result(call, end);
          this.#add(callFields(call, end, this.#moment(), payload));
        };
      },
      hit: (call, end) => this.#add(callFields(call, end, this.#moment(), undefined)),
    };
  }

  /**
   * Opens the sink. One that fails is tried again, as any that fails later.
   *
   * @throws ConfigError when it cannot be written
   */
  open(): Promise<void> {
    this.#write();
    return this.#firstOpen;
  }

  /** Brings what waits to the sink and lets go of it, each within this time. What is left then is lost. */
  async close(limitMs: number): Promise<void> {
    const { clock } = this.#owner;
    const moment = this.#moment();
    this.#queue.push(eventFields("closed", moment), moment.atMs);
    await within(clock, limitMs, this.#drain(), undefined);
    this.#state = "closed";
    this.#pause?.cancel();
    if (this.#queue.size > 0) {
      this.#queue.giveUp();
      this.#report("the manager was closed before the sink had taken all lines");
    }
    const closed = this.#log?.close().catch((error) => this.#report(reasonOf(error)));
    if (closed) await within(clock, limitMs, closed, undefined);
  }

  /** Waits for what is being written, and tries once more, unless nothing could ever be written. */
  async #drain(): Promise<void> {
    await this.#writing;
    if (!this.#wasOpened) return;
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#write();
    await this.#writing;
  }

  #add(fields: string): void {
    if (this.#state === "closed") return;
    const hasRoom = this.#queue.push(fields, this.#moment().atMs);
    if (!hasRoom) this.#report("the sink is slower than the calls, and the lines found no room");
    this.#write();
  }

  #write(): void {
    if (this.#pause || this.#queue.size === 0) return;
    this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  async #writeAll(): Promise<void> {
    await undefined; // Calls that end together are written together.
    try {
      while (this.#queue.size > 0) {
        this.#log ??= await this.#makeLog();
        if (this.#state !== "open") await this.#open(this.#log);
        await this.#writeBatch(this.#log);
        this.#pauseMs = FIRST_PAUSE_MS;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #open(log: AuditLog): Promise<void> {
    const { head, torn } = await log.open();
    const kept = this.#sent.findIndex((sent) => sent.head.hash === head.hash) + 1;
    this.#queue.shift(kept);
    this.#sent = [];
    // What was taken away meanwhile is missed later.
    if (head.seq >= this.#head.seq) this.#head = head;
    if (torn) this.#queue.unshift(eventFields("torn", this.#moment(), { torn }));
    this.#state = "open";
    this.#wasOpened = true;
    this.#tellFirstOpen();
  }

  async #writeBatch(log: AuditLog): Promise<void> {
    this.#sent = this.#seal(this.#queue.first(BATCH_LINES));
    await log.append(this.#sent);
    this.#queue.shift(this.#sent.length);
    this.#head = this.#sent.at(-1)?.head ?? this.#head;
    this.#sent = [];
  }

  #seal(lines: readonly WaitingLine[]): SealedLine[] {
    let head = this.#head;
    return lines.map((waiting) => {
      const sealed = sealLine(this.#fieldsOf(waiting), head, this.#hash);
      head = sealed.head;
      return sealed;
    });
  }

  #fieldsOf(waiting: WaitingLine): string {
    if (typeof waiting === "string") return waiting;
    const { sinceMs: atMs, lines } = waiting;
    return eventFields("lost", { pod: this.#owner.pod, atMs }, { lines });
  }

  #fail(error: unknown): void {
    this.#tellFirstOpen(error ?? new Error("the sink failed"));
    if (this.#state === "closed") return;
    this.#state = "failed";
    this.#report(reasonOf(error));
    const retry = () => {
      this.#pause = undefined;
      this.#write();
    };
    this.#pause = this.#owner.clock.after(this.#pauseMs, retry, { background: true });
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  #report(reason: string): void {
    const { size: waiting, lost } = this.#queue;
    this.#owner.events.emit("auditFailed", { reason, waiting, lost });
  }

  #moment(): Moment {
    const { clock, pod } = this.#owner;
    return { pod, atMs: clock.wallTime?.() ?? Date.now() };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
