/**
 * The store that the demo's pods share.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { findServer, isMissing, SERVER_KINDS } from "../servers/provision.ts";
import { startServer } from "../servers/server.ts";

/** A store for the time of the demo. */
export interface DemoStore extends AsyncDisposable {
  /** What it is, for the reader. */
  readonly label: string;
  /** Variables that say to a pod where it is. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes it away; undefined where it is somebody else's. */
  readonly goAway: (() => Promise<StoreOutage>) | undefined;
}

/** A store that is away. */
export interface StoreOutage {
  /** What happened to it, and what happens when it comes back, for the reader. */
  readonly what: string;
  readonly return: string;
  comeBack(): Promise<void>;
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
      goAway: undefined,
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
    async goAway() {
      await running.kill();
      return {
        what: `SIGKILL: the ${kind} server is dead`,
        return: `The ${kind} server is started again, and is empty`,
        comeBack: () => running.restart({ empty: true }),
      };
    },
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

async function sqliteFile(): Promise<DemoStore> {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-demo-" });
  const path = `${folder}/sessions.db`;
  return {
    label: "a SQLite file",
    environment: {
      HAKGAL_SESSION_BACKEND: "sqlite",
      HAKGAL_SESSION_URL: path,
    },
    // deno-lint-ignore require-await -- what SQLite throws becomes a rejection
    async goAway() {
      const intruder = new DatabaseSync(path);
      intruder.exec("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE");
      return {
        what: "Another process locks the SQLite file",
        return: "The SQLite file is free again",
        comeBack() {
          intruder.exec("ROLLBACK");
          intruder.close();
          return Promise.resolve();
        },
      };
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
