/**
 * Where things are kept in the store, and how ids are hidden there.
 *
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** Who a session is, for its owner and for the store. */
export interface SessionKey {
  readonly tenant: string;
  readonly id: string;
  /** The id as it is stored: HMAC-SHA-256, or plain SHA-256 without a secret; 64 hex digits. */
  readonly hashedId: string;
  /** The record's full key. */
  readonly storeKey: string;
}

/** Names of keys and channels under one prefix, with one secret. */
export class KeySpace {
  readonly #prefix: string;
  /** The hash after the secret and before any id: half of the work, done once. */
  readonly #hash: { clone(): { update(bytes: Uint8Array): { digest(): Uint8Array } } };

  constructor(prefix: string, secret: string | Uint8Array | undefined) {
    this.#prefix = prefix;
    this.#hash = secret === undefined
      ? sha256.create()
      : hmac.create(sha256, typeof secret === "string" ? utf8ToBytes(secret) : secret);
  }

  session(tenant: string, id: string): SessionKey {
    const hashedId = bytesToHex(this.#hash.clone().update(utf8ToBytes(id)).digest());
    return { tenant, id, hashedId, storeKey: this.sessionPrefix(tenant) + hashedId };
  }

  /** What the keys of all sessions of a tenant begin with. */
  sessionPrefix(tenant: string): string {
    return `${this.#prefix}:tenant:${tenant}:session:`;
  }

  /** What the inboxes of a tenant begin with. */
  inboxPrefix(tenant: string): string {
    return `${this.#prefix}:tenant:${tenant}:inbox:`;
  }

  /** A pod's own key. */
  pod(pod: string): string {
    return `${this.#prefix}:pod:${pod}`;
  }
}
