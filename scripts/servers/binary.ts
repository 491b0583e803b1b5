export const SERVER_KINDS = ["redis", "valkey", "redis8"] as const;
export type ServerKind = typeof SERVER_KINDS[number];

export type ServerOrigin = "environment" | "path" | "cache" | "fetched";

/** A server program that was run once (`--version`) and can be started. */
export interface ServerExecutable {
  readonly kind: ServerKind;
  readonly origin: ServerOrigin;
  readonly version: string;
  /** Program and leading arguments; the server's own arguments go after them. */
  readonly command: readonly string[];
  /** Environment to add to the process. */
  readonly env: Readonly<Record<string, string>>;
  /** The matching command-line client, run with the same `env`, if it lies beside the server. */
  readonly cli?: readonly string[];
}

/** A server that somebody else runs: it can be used, not started, killed or frozen. */
export interface ServerAddress {
  readonly kind: ServerKind;
  readonly origin: "environment";
  readonly url: string;
}

export type ServerBinary = ServerExecutable | ServerAddress;

export interface MissingServer {
  readonly kind: ServerKind;
  /** Why there is none and what to do about it. */
  readonly missing: string;
}

export function isMissing(found: ServerBinary | MissingServer): found is MissingServer {
  return "missing" in found;
}

export function isExecutable(found: ServerBinary | MissingServer): found is ServerExecutable {
  return "command" in found;
}
