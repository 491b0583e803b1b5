/**
 * Where things are kept in the store, and how ids are hidden there.
 *
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** Who a session is, for its owner and for the store. */
export class SessionKey {
  readonly tenant: string;
  /** Empty where only its hash is known: an id is never stored. */
  readonly id: string;
  /** The record's full key. */
  readonly storeKey: string;

  constructor(tenant: string, id: string, storeKey: string) {
    this.tenant = tenant;
    this.id = id;
    this.storeKey = storeKey;
  }

  /** The id as it is stored: HMAC-SHA-256, or plain SHA-256 without a secret; 64 hex digits. */
  get hashedId(): string {
    return this.storeKey.slice(-HASH_DIGITS);
  }
}

const HASH_DIGITS = 64;

/** A hash under way; what `@noble/hashes` makes, as far as it is used. */
interface RunningHash {
  update(bytes: Uint8Array): unknown;
  digestInto(digest: Uint8Array): void;
  /** Copies its state into another of its kind, or into a new one. */
  _cloneInto(to?: RunningHash): RunningHash;
}

/** Names of keys and channels under one prefix, with one secret. */
export class KeySpace {
  readonly #prefix: string;
  /** The hash after the secret and before any id: half of the work, done once. */
  readonly #begun: RunningHash;
  /** Used again for each id: allocating them costs as much as hashing. */
  #running: RunningHash;
  readonly #digest = new Uint8Array(32);
  readonly #encoder = new TextEncoder();

  constructor(prefix: string, secret: string | Uint8Array | undefined) {
    this.#prefix = prefix;
    const key = typeof secret === "string" ? this.#encoder.encode(secret) : secret;
    this.#begun = (key ? hmac.create(sha256, key) : sha256.create()) as RunningHash;
    this.#running = this.#begun._cloneInto();
  }

  session(tenant: string, id: string): SessionKey {
    this.#running = this.#begun._cloneInto(this.#running);
    this.#running.update(this.#encoder.encode(id));
    this.#running.digestInto(this.#digest);
    return new SessionKey(tenant, id, this.sessionPrefix(tenant) + bytesToHex(this.#digest));
  }

  /** What the keys of all sessions of a tenant begin with. */
  sessionPrefix(tenant: string): string {
    return `${this.#prefix}:tenant:${tenant}:session:`;
  }

  /** Whose session a key is, or whose sessions a prefix; undefined when it is neither. */
  tenantOf(storeKey: string): string | undefined {
    const start = `${this.#prefix}:tenant:`;
    return storeKey.startsWith(start)
      ? storeKey.slice(start.length, storeKey.indexOf(":", start.length))
      : undefined;
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
