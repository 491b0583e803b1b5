/**
 * What a checker is told of a case's settings.
 *
 * @module
 */

import type { CaseSettings } from "./case.ts";
import type { FaultSpans } from "./fault_plan.ts";
import type { HistorySettings } from "./history.ts";

/** The trajectory's length when nothing else is said. */
const CAPACITY = 10;

/** The settings of a history that was run with a case's; `toleranceMs` is what its clocks may differ by. */
export function historySettings(
  settings: CaseSettings,
  { lateBoundMs }: FaultSpans,
  toleranceMs: number,
): HistorySettings {
  const { ttlMs, maxLifetimeMs, commandTimeoutMs, maxStalenessMs, failMode, durable } = settings;
  return {
    ...{ failMode, durable, boundsJournal: settings.journalSessions !== undefined },
    ttlMs,
    ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
    ...{ commandTimeoutMs, maxStalenessMs, capacity: CAPACITY, lateBoundMs, toleranceMs },
  };
}
