/**
 * What one call puts on the wire.
 *
 * @module
 */

import type { TenantSessions } from "../mod.ts";
import { ByteCounter } from "./byte_counter.ts";
import type { Bench } from "./case.ts";
import { median } from "./statistics.ts";
import { openManager, TENANT } from "./store.ts";

const CALLS = 101;

/** Bytes each way of one call, made one after the other: the median, so that a heartbeat between them does not count. */
export async function bytesPerCall(
  { backend, server }: Bench,
  { prepare, call }: {
    readonly prepare: (sessions: TenantSessions) => Promise<unknown>;
    readonly call: (sessions: TenantSessions) => Promise<unknown>;
  },
): Promise<{ readonly sent: number; readonly received: number }> {
  await using counter = await ByteCounter.listen(server.port);
  await using manager = await openManager(backend, counter.url);
  const sessions = manager.tenant(TENANT);
  await prepare(sessions);
  await call(sessions);
  const sent: number[] = [];
  const received: number[] = [];
  for (let made = 0; made < CALLS; made++) {
    const before = counter.count;
    await call(sessions);
    sent.push(counter.count.sent - before.sent);
    received.push(counter.count.received - before.received);
  }
  return { sent: median(sent), received: median(received) };
}
