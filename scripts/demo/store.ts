/**
 * The store that the demo's pods share.
 *
 * @module
 */

import { findServer, isMissing, SERVER_KINDS } from "../servers/provision.ts";
import { startServer } from "../servers/server.ts";

/** A store for the time of the demo. */
export interface DemoStore extends AsyncDisposable {
  /** What it is, for the reader. */
  readonly label: string;
  /** Variables that say to a pod where it is. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The names that `--backend` takes: memory cannot be shared by two processes. */
export const DEMO_BACKENDS = ["sqlite", "ioredis", "node-redis", "valkey-glide"] as const;

/** What can be asked for. */
export interface StoreChoice {
  readonly backend: typeof DEMO_BACKENDS[number];
  /** A kind of server that is found and started, or the URL of one that runs. */
  readonly server: string;
  /** Fetches a server that is not found. */
  readonly provision: boolean;
}

/** Makes a SQLite file or starts a server; both go with the demo. */
export async function openStore(choice: StoreChoice): Promise<DemoStore> {
  const { backend, server } = choice;
  if (backend === "sqlite") return await sqliteFile();
  const environment = (url: string) => ({
    HAKGAL_SESSION_BACKEND: backend,
    HAKGAL_SESSION_URL: url,
  });
  if (/^rediss?:/.test(server)) {
    return {
      label: `the server of your URL, through ${backend}`,
      environment: environment(server),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const kind = SERVER_KINDS.find((kind) => kind === server);
  if (!kind) throw new Error(`--server is ${SERVER_KINDS.join(", ")} or a URL; got "${server}".`);
  const binary = await findServer(kind, { provision: choice.provision });
  if (isMissing(binary)) throw new Error(binary.missing);
  if ("url" in binary) return await openStore({ ...choice, server: binary.url });
  const running = await startServer(binary);
  return {
    label: `${kind} ${running.version}, through ${backend}`,
    environment: environment(running.url),
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

async function sqliteFile(): Promise<DemoStore> {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-demo-" });
  return {
    label: "a SQLite file",
    environment: {
      HAKGAL_SESSION_BACKEND: "sqlite",
      HAKGAL_SESSION_URL: `${folder}/sessions.db`,
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
