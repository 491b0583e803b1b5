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

/** The key of a session's record, where nothing else is configured. */
export function storeKeyOf({ tenant, id }: { tenant: string; id: string }): string {
  return `hakgal:tenant:${tenant}:session:${hashedId(id)}`;
}
