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

/** A login on the server. */
export interface Credentials {
  /** The ACL user. */
  readonly username: string;
  /** Its password. */
  readonly password: string;
}

/**
 * Answers the login for a tenant's sessions. Asked when a connection of the tenant's is made: the first time, after it was
 * idle, and when the server refused the login that it was made with. It has to answer within the command timeout.
 */
export type CredentialsOf = (tenant: string) => Credentials | Promise<Credentials>;

/** Bounds of the connections that are logged in for a tenant. */
export interface TenantConnectionOptions {
  /**
   * Tenants that are connected at once, at most, from 1 to 10000. Each has one connection for commands, and a second one
   * on which word of other pods' writes comes in. One more tenant takes the place of the one that was used least recently,
   * once no command of it is under way.
   *
   * @default 64
   */
  readonly max?: number;
  /** A tenant without a command for this long is disconnected, in milliseconds. @default 60000 */
  readonly idleMs?: number;
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
  /**
   * Logs in for each tenant's sessions by itself, so that the server keeps tenants apart: see `tenantAclRules`. Heartbeats
   * and listings go on using `username` and `password`.
   */
  readonly credentials?: CredentialsOf;
  /** Bounds of those connections. */
  readonly tenantConnections?: TenantConnectionOptions;
  /** Longest wait for a connection, in milliseconds. @default 1000 */
  readonly connectTimeoutMs?: number;
}
