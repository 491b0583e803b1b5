import { BACKENDS } from "../../cli/chaos/arguments.ts";
import type { Selection } from "../../cli/chaos/host.ts";
import { UsageError } from "../../cli/usage_error.ts";
import type { ChaosArguments } from "./arguments.ts";
import {
  isExecutable,
  isMissing,
  type MissingServer,
  SERVER_KINDS,
  type ServerBinary,
  type ServerExecutable,
  type ServerKind,
} from "../servers/binary.ts";
import { POD_ACL } from "../../chaos/real/pod_login.ts";
import type { Target } from "../../chaos/real/target.ts";
import { findFakeClock } from "../servers/fake_clock.ts";
import { startServer } from "../servers/server.ts";
import { findServer, serverVariable } from "../servers/provision.ts";

/** What says which targets are wanted. */
type Wanted = Pick<ChaosArguments, "backends" | "servers" | "provision" | "requireAll">;

/** Decides what is tested, and says why the rest is not. */
export async function selectTargets(
  args: Wanted,
  onProgress: (line: string) => void,
): Promise<Selection> {
  const wanted = args.backends ?? BACKENDS;
  const clients = wanted.filter((name) => name !== "memory" && name !== "sqlite");
  const targets: Target[] = wanted.flatMap((backend) =>
    backend === "memory" || backend === "sqlite"
      ? [{ backend, store: { kind: backend }, server: null, serverVersion: null }]
      : []
  );
  const skipped: { backend: string; reason: string }[] = [];
  const stores = clients.length === 0 ? [] : await findStores(args, onProgress);
  const missing = stores.filter((found): found is MissingStore => "reason" in found);
  const present = stores.filter((found): found is FoundStore => !("reason" in found));
  for (const [index, backend] of clients.entries()) {
    for (const { kind, reason } of missing) {
      skipped.push({ backend: `${backend} on ${kind}`, reason });
    }
    // Every pair takes its time: where nobody chose, each client and each server is in one.
    const chosen = args.servers === undefined && present.length > 0
      ? [present[index % present.length]!]
      : present;
    targets.push(...chosen.map((found) => ({ backend, ...found })));
  }
  const reasons = skipped.map(({ backend, reason }) => ({ backend, reason }));
  if (args.requireAll && reasons.length > 0) {
    const { backend, reason } = reasons[0]!;
    throw new UsageError(`--require-all, but ${backend} cannot be tested: ${reason}`);
  }
  return { targets, skipped: reasons };
}

type FoundStore = Omit<Target, "backend">;
type MissingStore = { readonly kind: string; readonly reason: string };

async function findStores(
  args: Wanted,
  onProgress: (line: string) => void,
): Promise<(FoundStore | MissingStore)[]> {
  const { servers } = args;
  if (servers !== undefined && "url" in servers) return [byUrl(servers.url, "url")];
  const kinds = SERVER_KINDS.filter((kind) => servers?.includes(kind) ?? true);
  const found: (FoundStore | MissingStore)[] = [];
  for (const kind of kinds) {
    const server = await find(kind, args.provision, onProgress);
    if (isMissing(server)) found.push({ kind, reason: server.missing });
    else if (isExecutable(server)) {
      const fakeClock = await findClockFor(server, args.provision, onProgress);
      const options = { persistence: "aof-unsynced", acl: POD_ACL } as const;
      const start = () => startServer(server, { ...options, ...(fakeClock && { fakeClock }) });
      const store = { kind: "redis", start, hasClock: fakeClock !== undefined } as const;
      found.push({ store, server: kind, serverVersion: server.version });
    } else found.push(byUrl(server.url, kind));
  }
  return found;
}

/**
 * The library that gives a server a clock of its own. The others than Redis 7 allocate by functions that jemalloc alone has,
 * and cannot be started with it.
 */
async function findClockFor(
  { kind, origin }: ServerExecutable,
  provision: boolean,
  onProgress: (line: string) => void,
): Promise<string | undefined> {
  const isDebians = origin === "cache" || origin === "fetched";
  if (kind !== "redis" || !isDebians) return undefined;
  try {
    return await findFakeClock({ provision, onProgress });
  } catch (error) {
    onProgress(`libfaketime: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** Only what was named wrongly is an error: what cannot be fetched is a backend that is not tested. */
async function find(
  kind: ServerKind,
  provision: boolean,
  onProgress: (line: string) => void,
): Promise<ServerBinary | MissingServer> {
  try {
    return await findServer(kind, { provision, onProgress });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (Deno.env.get(serverVariable(kind))) throw new UsageError(reason, { cause: error });
    return { kind, missing: reason };
  }
}

function byUrl(url: string, server: string): FoundStore {
  return { store: { kind: "redis-url", url }, server, serverVersion: null };
}
