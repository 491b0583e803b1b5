/**
 * Ids as events name them.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** The hash of an id where no secret hides it. */
export function hashedId(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
