/**
 * Taking over the journal that an earlier pod left under this pod's path (rule 6). What was sealed is sent as it is, by
 * the dead pod's writer and number; what never was is sealed by this pod, as its own.
 *
 * @module
 */

import { asCreation, createdView, partialView } from "./blank_views.ts";
import { SessionError } from "./errors.ts";
import type { JournalStore } from "./journal_store.ts";
import { decodeSession, type RestoredStep } from "./journal_record.ts";
import type { Sight } from "./journaled_session.ts";
import { SessionKey } from "./key_space.ts";
import type { Pod } from "./pod.ts";

/**
 * Opens the journal's place, and takes in what is there.
 *
 * @throws ConfigError when it cannot be written, or another process holds it
 */
export async function takeOver<Context extends object>(
  pod: Pod<Context>,
  store: JournalStore,
): Promise<void> {
  const { records, damage } = await store.open();
  pod.journal.keepIn(store);
  if (damage) pod.events.emit("journalDamaged", damage);
  for (const [storeKey, record] of records) {
    try {
      restore(pod, storeKey, record);
    } catch (error) {
      if (error instanceof SessionError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      const path = await store.setAside(storeKey, record, reason);
      await store.write(new Map([[storeKey, undefined]]));
      pod.events.emit("journalDamaged", { path, reason });
    }
  }
}

function restore<Context extends object>(
  pod: Pod<Context>,
  storeKey: string,
  record: string,
): void {
  const { tenant, steps } = decodeSession(record, pod.wall);
  // Its id is learned when somebody calls.
  const entry = pod.cache.newEntry(new SessionKey(tenant, "", storeKey));
  pod.journal.restore(entry, steps, sightOf(pod, steps));
}

/** What callers of this pod see of a session until it is drained: as much as the operations tell. */
function sightOf<Context extends object>(
  pod: Pod<Context>,
  steps: readonly RestoredStep[],
): Sight {
  let sight: Sight | undefined;
  for (const { kind, operations, firstAt, lastAt } of steps) {
    const creation = asCreation(operations);
    if (kind === "destroy") sight = { kind: "dead", reason: "destroyed" };
    else if (creation) sight = { kind: "whole", view: createdView(pod, creation, lastAt) };
    else {
      sight ??= { kind: "partial", view: partialView(pod, undefined, firstAt) };
      if (sight.kind !== "dead") sight.view.draft(operations, lastAt).apply();
    }
  }
  return sight ?? { kind: "partial", view: partialView(pod, undefined, pod.settings.clock.now()) };
}
