/**
 * What the three Redis-family adapters are told about their connection.
 *
 * @module
 */

/** Certificates of a TLS connection, as PEM text. */
export interface TlsOptions {
  /** The authority to trust. @default the runtime's own authorities */
  readonly ca?: string;
  /** This client's certificate, where the server asks for one. */
  readonly cert?: string;
  /** The key of `cert`. */
  readonly key?: string;
  /** The name that the server's certificate must bear. @default the host of the URL */
  readonly servername?: string;
}

/** A connection that the adapter makes, and closes, by itself. */
export interface ConnectionOptions {
  /** `redis://[user[:password]@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string;
  /** Wins over the one in `url`. */
  readonly username?: string;
  /** Wins over the one in `url`. */
  readonly password?: string;
  /** TLS, also when `url` does not say `rediss://`. */
  readonly tls?: TlsOptions;
  /** Longest wait for a connection, in milliseconds. @default 1000 */
  readonly connectTimeoutMs?: number;
}
