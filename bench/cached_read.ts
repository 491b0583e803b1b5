/**
 * A read that memory answers.
 *
 * @module
 */

import { SessionManager } from "../mod.ts";
import { measure, type MeasureOptions, type Rates } from "./measure.ts";
import type { Peer } from "./peers.ts";

/** Reads a second of one session that is held. */
export async function cachedReadRates(
  url: string,
  bento: Peer,
  options: Omit<MeasureOptions, "concurrency">,
): Promise<Rates> {
  await using manager = await SessionManager.open({
    backend: "ioredis",
    url,
    idSecret: "a secret for the bench",
  });
  const acme = manager.tenant("bench");
  const context = { plan: "free", tx_count_1h: 5, risk: "low" };
  await acme.getOrCreate("read", context);
  await bento.set("read", { context: { tx_count_1h: 5 }, trajectory: [] });
  return await measure([
    { name: "ours", work: () => acme.get("read") },
    { name: "ours, with the context", work: async () => (await acme.get("read"))!.context },
    { name: bento.name, work: () => bento.get("read") },
  ], { ...options, concurrency: 1 });
}
