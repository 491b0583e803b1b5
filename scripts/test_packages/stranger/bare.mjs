/**
 * What the package does where no optional package is installed: `bare.mjs`. Answers one line of JSON: the exports
 * that could be loaded, and what opening each backend comes to.
 */
import { readFileSync } from "node:fs";
import process from "node:process";

const name = "@hakgal/sessions";
const manifest = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");
for (const entry of entries) await import(name + entry.slice(1));

const { SessionManager } = await import(name);
const urls = {
  ...{ memory: undefined, sqlite: "sessions.db", ioredis: "redis://127.0.0.1:1" },
  ...{ "node-redis": "redis://127.0.0.1:1", "valkey-glide": "redis://127.0.0.1:1" },
};
const opened = {};
for (const [backend, url] of Object.entries(urls)) {
  opened[backend] = await SessionManager.open({ backend, ...(url ? { url } : {}) }).then(
    async (manager) => {
      await manager.tenant("acme").getOrCreate("user-42", { plan: "free" });
      const count = await manager.tenant("acme").increment("user-42", "tx_count_1h");
      await manager.close();
      return `counted ${count}`;
    },
    (error) => `${error.name}: ${error.message}`,
  );
}
process.stdout.write(`${JSON.stringify({ entries, opened })}\n`);
process.exit(0);
