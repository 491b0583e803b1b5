/**
 * What a user of the package runs to see that a backend works for him: `conformance.mjs BACKEND URL [TASK]`.
 * Runs on Node, Bun and Deno; answers one line of JSON. With a task it is the other process of a case that needs two.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { performTask, runConformance } from "@hakgal/sessions/chaos/conformance";

const [backend, url, task] = process.argv.slice(2);
const adapters = {
  memory: async () => {
    const { memoryAdapter, MemoryStore } = await import("@hakgal/sessions/adapters/memory");
    const store = new MemoryStore();
    return () => memoryAdapter({ store });
  },
  sqlite: async () => {
    const { sqliteAdapter } = await import("@hakgal/sessions/adapters/sqlite");
    return () => sqliteAdapter({ path: url });
  },
  ioredis: async () => {
    const { ioredisAdapter } = await import("@hakgal/sessions/adapters/ioredis");
    return () => ioredisAdapter({ url, connectTimeoutMs: 10_000 });
  },
  "node-redis": async () => {
    const { nodeRedisAdapter } = await import("@hakgal/sessions/adapters/node-redis");
    return () => nodeRedisAdapter({ url, connectTimeoutMs: 10_000 });
  },
  "valkey-glide": async () => {
    const { valkeyGlideAdapter } = await import("@hakgal/sessions/adapters/valkey-glide");
    return () => valkeyGlideAdapter({ url, connectTimeoutMs: 10_000 });
  },
};

const create = await adapters[backend]();
if (task === undefined) await report();
else await performTask(create(), JSON.parse(task));
// GLIDE's threads would keep the process.
process.exit(0);

async function report() {
  const { passed, failed, skipped, cases } = await runConformance({
    name: backend,
    create,
    inbox: backend !== "sqlite",
    corrupt: { memory: {}, sqlite: damageRows() }[backend] ?? damageHashes(),
    ...(backend === "memory" ? {} : { otherProcess }),
  }, {
    // Side by side, a client that takes long to be made holds up cases that are about moments.
    concurrency: 1,
  });
  const failures = cases.flatMap(({ name, outcome, error }) =>
    outcome === "failed" ? [`${name}: ${error?.message ?? error}`] : []
  );
  process.stdout.write(`${JSON.stringify({ passed, failed, skipped, failures })}\n`);
}

async function otherProcess(task) {
  const program = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, program, backend, url, JSON.stringify(task)];
  const start = "Deno" in globalThis ? ["run", "-A"] : [];
  const child = spawn(process.execPath, [...start, ...args], { stdio: "inherit" });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the other process ended with code ${code}`);
}

function damageRows() {
  const change = (sql) => async (key) => {
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(url);
    database.prepare(sql).run(key);
    database.close();
  };
  return {
    "unknown-format": change("UPDATE session SET format = 999 WHERE key = ?"),
    "garbled-meta": change("UPDATE session SET state = 'garbled' WHERE key = ?"),
    "missing-vector": change("DELETE FROM vector WHERE slot = 0 AND key = ?"),
    "bad-json": change("UPDATE context SET json = '{' WHERE key = ?"),
  };
}

function damageHashes() {
  return {
    "unknown-format": (key) => command("HSET", key, "i", "999 L n1 1 1"),
    "garbled-meta": (key) => command("HSET", key, "m", "garbled"),
    "missing-vector": (key) => command("HDEL", key, "v:0"),
    "bad-json": async (key) => {
      const field = /\bc:\S*/.exec(await command("HKEYS", key))[0];
      await command("HSET", key, field, "{");
    },
  };
}

/** Sends one command over a connection of its own, which the server ends when it has answered. */
async function command(...args) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let reply = "";
  socket.setEncoding("utf8").on("data", (text) => reply += text);
  const ended = once(socket, "close");
  socket.write([args, ["QUIT"]].map(encode).join(""));
  await ended;
  if (reply.startsWith("-")) throw new Error(reply);
  return reply;
}

function encode(args) {
  const parts = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`);
  return `*${args.length}\r\n${parts.join("")}`;
}
