/**
 * The suite: every theme's cases.
 *
 * @module
 */

import type { ConformanceCase } from "./case.ts";
import { atomicity } from "./cases/atomicity.ts";
import { concurrency } from "./cases/concurrency.ts";
import { corruption } from "./cases/corruption.ts";
import { creation } from "./cases/creation.ts";
import { expiry } from "./cases/expiry.ts";
import { fields } from "./cases/fields.ts";
import { healing } from "./cases/healing.ts";
import { healingOrder } from "./cases/healing_order.ts";
import { heartbeat } from "./cases/heartbeat.ts";
import { identity } from "./cases/identity.ts";
import { inbox } from "./cases/inbox.ts";
import { increments } from "./cases/increments.ts";
import { limits } from "./cases/limits.ts";
import { listing } from "./cases/listing.ts";
import { loads } from "./cases/loads.ts";
import { model } from "./cases/model.ts";
import { names } from "./cases/names.ts";
import { outage } from "./cases/outage.ts";
import { precedence } from "./cases/precedence.ts";
import { refusals } from "./cases/refusals.ts";
import { retries } from "./cases/retries.ts";
import { rotation } from "./cases/rotation.ts";
import { rotationSafety } from "./cases/rotation_safety.ts";
import { tombstones } from "./cases/tombstones.ts";
import { trajectory } from "./cases/trajectory.ts";
import { writers } from "./cases/writers.ts";

/**
 * All cases, in the order in which they are best read.
 *
 * @example
 * ```ts
 * import { conformanceCases } from "@hakgal/sessions/chaos/conformance";
 *
 * for (const { name, clause } of conformanceCases()) console.info(`${name} (${clause})`);
 * ```
 */
export function conformanceCases(): ConformanceCase[] {
  return [
    ...creation,
    ...fields,
    ...names,
    ...increments,
    ...trajectory,
    ...limits,
    ...atomicity,
    ...retries,
    ...writers,
    ...identity,
    ...refusals,
    ...precedence,
    ...loads,
    ...expiry,
    ...outage,
    ...tombstones,
    ...rotation,
    ...rotationSafety,
    ...heartbeat,
    ...healing,
    ...healingOrder,
    ...inbox,
    ...listing,
    ...corruption,
    ...concurrency,
    ...model,
  ];
}
