/**
 * The managed Redis that the environment names: what is missing, and how to leave it as it was found.
 *
 * @module
 */

import { Redis } from "ioredis";
import { backendFrom, processEnvironment } from "../../adapters/environment.ts";
import { toEndpoint } from "../../adapters/redis/endpoint.ts";
import { KeySpace } from "../../core/key_space.ts";
import { STORY_TENANT, storyIds } from "./story.ts";

/** The variables, in the order in which a console shows them. */
export const CLOUD_VARIABLES: Readonly<Record<string, string>> = {
  REDIS_CLOUD_HOST: "the server's name or address",
  REDIS_CLOUD_PORT: "its port; 6379 if not set",
  REDIS_CLOUD_USERNAME: 'the ACL user; "default" if not set',
  REDIS_CLOUD_PASSWORD: "the database's password, not the key of the provider's API",
  REDIS_CLOUD_TLS: "1 for TLS; off if not set",
  REDIS_CLOUD_CA:
    "the authority's certificate as PEM text, where it is not a public one; means TLS",
};

/** Keys that go in one command. */
const KEYS_AT_ONCE = 500;

/** Whether the environment names a managed Redis, or says that it is to, in part at least. */
export function namesCloud(): boolean {
  return Object.keys(CLOUD_VARIABLES).some((name) => Boolean(Deno.env.get(name)));
}

/** What to set, when too little is set to begin; else undefined. */
export function missingVariables(): string | undefined {
  if (Deno.env.get("REDIS_CLOUD_HOST")) return undefined;
  const lines = Object.entries(CLOUD_VARIABLES).map(([name, meaning]) => {
    const state = Deno.env.get(name) ? "set" : "missing";
    return `  ${name.padEnd(22)} ${state.padEnd(9)} ${meaning}`;
  });
  return [
    "To test a managed Redis, say where it is and who you are; REDIS_CLOUD_HOST at least:",
    ...lines,
  ].join("\n");
}

/** Removes every key of a story, tombstones and the pods' own keys too; answers how many there were. */
export async function removeStory(
  keyPrefix: string,
  sessions: number,
  podIds: readonly string[],
): Promise<number> {
  const keys = new KeySpace(keyPrefix, keyPrefix);
  const all = [
    ...podIds.map((podId) => keys.pod(podId)),
    ...storyIds(sessions).map((id) => keys.session(STORY_TENANT, id).storeKey),
  ];
  const client = connect();
  try {
    let removed = 0;
    for (let from = 0; from < all.length; from += KEYS_AT_ONCE) {
      // One by one within the pipeline: in a cluster they lie in different slots.
      const replies = await client.pipeline(
        all.slice(from, from + KEYS_AT_ONCE).map((key) => ["unlink", key]),
      ).exec();
      for (const [error, reply] of replies ?? []) {
        if (error) throw error;
        removed += Number(reply);
      }
    }
    return removed;
  } finally {
    client.disconnect();
  }
}

function connect(): Redis {
  const { url = "", ...rest } = backendFrom(processEnvironment());
  const endpoint = toEndpoint({ url, ...rest });
  const { host, port, username, password, database, tls } = endpoint;
  const client = new Redis({
    host,
    port,
    db: database,
    commandTimeout: 10_000,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: { ...tls } }),
  });
  // The commands reject with what matters; without a listener it would be printed.
  client.on("error", () => {});
  return client;
}
