/**
 * Reading sessions.
 *
 * @module
 */

import { systemClock } from "../../core/clock.ts";
import type { LoadReply, LoadRequest } from "../../core/storage_adapter.ts";
import { replyCode } from "./errors.ts";
import { decodeLoadReply, decodeMoved, encodeLoad } from "./layout.ts";
import { readTogether, toLoadReply } from "./load_reply.ts";
import { decodeRecord } from "./record_reader.ts";
import { toMilliseconds, toText } from "./replies.ts";
import { LOAD } from "./scripts.ts";
import type { TimeBound } from "./time_bound.ts";
import type { Wire } from "./wire.ts";

/** How often a load is begun anew when the record changed between its two commands. */
const LOAD_TRIES = 3;

/** Loads through one connection. */
export class SessionReads {
  readonly #wire: Wire;
  readonly #time: TimeBound;

  constructor(wire: Wire, time: TimeBound) {
    this.#wire = wire;
    this.#time = time;
  }

  /** One session. */
  async load(key: string, request: LoadRequest, timeoutMs: number): Promise<LoadReply> {
    if (request.known) {
      const reply = await this.#glance(key, request, timeoutMs) ??
        await this.#ask(key, request, timeoutMs);
      if (reply.outcome !== "read") return reply;
    }
    for (let tries = 1;; tries++) {
      const reply = await this.#read(key, request, timeoutMs);
      if (reply) return reply;
      if (tries === LOAD_TRIES) {
        throw new Error("the record changed again and again while it was read");
      }
    }
  }

  /** Several, in one go. */
  async loadMany(
    keys: readonly string[],
    request: Pick<LoadRequest, "tombstoneMs">,
    timeoutMs: number,
  ): Promise<LoadReply[]> {
    // The clock is read first: what is left of a session is rather counted too short than too long.
    const sent = [
      this.#wire.enqueue(["TIME"]),
      ...keys.map((key) => this.#wire.enqueue(["HGETALL", key])),
    ];
    const [time, ...records] = await this.#wire.inTime(Promise.allSettled(sent), timeoutMs);
    if (time!.status === "rejected") throw time!.reason;
    const storeTimeMs = toMilliseconds(time!.value);
    return await Promise.all(records.map((record, index) => {
      const reply = readTogether(record, storeTimeMs);
      // Run out, or no record at all: what to do then is the script's to say.
      return reply ?? this.load(keys[index]!, request, timeoutMs);
    }));
  }

  /**
   * Whether the known state is still the one, by a single read of what every commit moves. Undefined when there is more
   * to find out, to write or to close: that is the script's.
   */
  async #glance(
    key: string,
    { known, isRegistered, acceptedMs }: LoadRequest,
    timeoutMs: number,
  ): Promise<LoadReply | undefined> {
    const storeTimeMs = this.#time.latestMs();
    if (!isRegistered || acceptedMs !== undefined || storeTimeMs === undefined) return undefined;
    const moved = await this.#wire.send(["HGET", key, "m"], timeoutMs).catch((error) => {
      if (replyCode(error) !== "WRONGTYPE") throw error;
      return null;
    });
    if (moved === null) return undefined;
    const { version, tag, expiresAtMs } = decodeMoved(toText(moved));
    const isKnown = version === known?.version && tag === known.tag;
    if (!isKnown || !(storeTimeMs < expiresAtMs)) return undefined;
    return { outcome: "unchanged", storeTimeMs, expiresAtMs, isTimeBound: true };
  }

  /** The script's answer. */
  async #ask(
    key: string,
    request: LoadRequest,
    timeoutMs: number,
  ): Promise<ReturnType<typeof decodeLoadReply>> {
    const sentAt = systemClock.now();
    const line = await this.#wire.evaluate(LOAD, key, encodeLoad(request), timeoutMs);
    const reply = decodeLoadReply(line);
    this.#time.hear(reply.storeTimeMs, sentAt);
    return reply;
  }

  /** One try of a cold load; undefined when what was read is not what the script saw. */
  async #read(
    key: string,
    request: LoadRequest,
    timeoutMs: number,
  ): Promise<LoadReply | undefined> {
    const { known: _, ...cold } = request;
    // Two commands, one after the other on the wire: inside the script HGETALL would take twice as long.
    const [reply, fields] = await Promise.all([
      this.#ask(key, cold, timeoutMs),
      this.#wire.send(["HGETALL", key], timeoutMs).catch((error) => {
        if (replyCode(error) === "WRONGTYPE") return [];
        throw error;
      }),
    ]);
    if (reply.outcome !== "read") return reply;
    return toLoadReply(decodeRecord(fields), reply.storeTimeMs, request.acceptedMs);
  }
}
