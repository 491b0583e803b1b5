/**
 * Where the sessions of the bench are kept.
 *
 * @module
 */

import { KeySpace } from "../core/key_space.ts";
import { ID_SECRET, TENANT } from "./store.ts";

const keySpace = new KeySpace("hakgal", ID_SECRET);

/** The key of a session's record. */
export function storeKeyOf(id: string): string {
  return keySpace.session(TENANT, id).storeKey;
}
