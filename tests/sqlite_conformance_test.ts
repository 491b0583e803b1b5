/** The conformance suite on SQLite, each case in a file of its own. */

import { DatabaseSync } from "node:sqlite";
import { sqliteAdapter } from "../adapters/sqlite.ts";
import { registerConformance } from "../chaos/conformance.ts";
import { inOtherProcess } from "./support/other_process.ts";

const directory = Deno.makeTempDirSync({ prefix: "hakgal-conformance-" });
const path = `${directory}/sessions.db`;

/** Changes a record behind the adapter's back. */
function damage(sql: string, key: string): Promise<void> {
  const database = new DatabaseSync(path);
  try {
    database.prepare(sql).run(key);
  } finally {
    database.close();
  }
  return Promise.resolve();
}

const skipped = registerConformance({
  name: "sqlite",
  create: () => sqliteAdapter({ path }),
  inbox: false,
  corrupt: {
    "unknown-format": (key) => damage("UPDATE session SET format = 999 WHERE key = ?", key),
    "garbled-meta": (key) => damage("UPDATE session SET state = 'garbled' WHERE key = ?", key),
    "missing-vector": (key) => damage("DELETE FROM vector WHERE slot = 0 AND key = ?", key),
    "bad-json": (key) => damage("UPDATE context SET json = '{' WHERE key = ?", key),
  },
  otherProcess: (task) => inOtherProcess("sqlite", path, task),
}, (name, run) => Deno.test({ name, fn: run, sanitizeOps: false, sanitizeResources: false }));

Deno.test("sqlite: only the cases about inboxes are left out", () => {
  const others = skipped.filter(({ reason }) => !/inbox|subscribe/i.test(reason ?? ""));
  if (others.length > 0) throw new Error(`left out: ${others.map(({ name }) => name).join(", ")}`);
});

Deno.test("sqlite: the conformance suite leaves no file behind", async () => {
  await Deno.remove(directory, { recursive: true });
});
