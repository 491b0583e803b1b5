/**
 * The packages that a user adds who chose what needs them; npm installs none of them by itself.
 *
 * @module
 */

/** Package names, and the versions that work. */
export type Ranges = Readonly<Record<string, string>>;

/** Both ends of a client's range are tried by `deno task test:packages`. */
export const OPTIONAL_PEERS: Ranges = {
  "@opentelemetry/api": "^1.9.0",
  "@redis/client": "^5.0.0 || ^6.0.0",
  // Before, it cannot subscribe on a connection that is open.
  "@valkey/valkey-glide": "^2.3.0",
  "ioredis": "^5.0.0 || ^6.0.0",
  "prom-client": "^15.0.0",
  "redis": "^5.0.0 || ^6.0.0",
};

/** Whether a package is one that not every user has. */
export function isOptional(name: string): boolean {
  return name in OPTIONAL_PEERS;
}

/** The oldest version that a peer's range holds. */
export function oldestOf(peer: string): string {
  const [, version] = /^\^([\d.]+)/.exec(OPTIONAL_PEERS[peer]!)!;
  return version!;
}

/** The part of a peer's range that holds the newest versions. */
export function newestOf(peer: string): string {
  return OPTIONAL_PEERS[peer]!.split(" || ").at(-1)!;
}
