/**
 * Stores that hold more and more sessions.
 *
 * @module
 */

import type { TenantSessions } from "../mod.ts";
import type { RawClient } from "./clients/open.ts";
import { storeKeyOf } from "./keys.ts";
import { forEach, idsOf, makeLarge, makeSmall } from "./sessions.ts";

/** How large the sessions of a stage are. */
export type SessionSize = "large" | "small";

/** A store of one size. */
export interface Stage {
  readonly sessions: number;
  readonly size: SessionSize;
}

/** Bytes that one session of ten vectors takes in the store, with room to spare. */
const LARGE_BYTES = 80_000;

/** Above this sessions are small, whatever memory there is. */
const MOST_LARGE = 100_000;

/**
 * The stages up to `most` sessions: those of a stage are small where large ones would not leave half of the available
 * memory.
 */
export function stagesFor(availableBytes: number, most: number): Stage[] {
  const counts = [1_000, 10_000, 100_000, 1_000_000].filter((sessions) => sessions <= most);
  return counts.map((sessions) => {
    const fits = sessions <= MOST_LARGE && sessions * LARGE_BYTES < availableBytes / 2;
    return { sessions, size: fits ? "large" : "small" };
  });
}

/** The ids of a stage's sessions. */
export function stageIds({ sessions, size }: Stage): string[] {
  return idsOf(size, sessions);
}

/** Fills a store: one session is made by the library, and copied by the server. */
export async function fill(
  sessions: TenantSessions,
  client: RawClient,
  stage: Stage,
): Promise<void> {
  const ids = stageIds(stage);
  const make = stage.size === "large" ? makeLarge : makeSmall;
  await make(sessions, ids.slice(0, 1));
  await sessions.apply(ids[0]!, { set: { n: 0 } });
  const source = storeKeyOf(ids[0]!);
  await forEach(ids.slice(1), (id) => client.send("COPY", source, storeKeyOf(id)));
}
