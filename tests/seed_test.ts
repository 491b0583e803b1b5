// The three tests of pod death, with 10,000 sessions: a process writes, is killed with SIGKILL, and another
// process finds everything; on every client library and server, and on SQLite.
import { assert } from "@std/assert";
import { runStory, type StoryPlan } from "../scripts/seed/run.ts";
import { print } from "../scripts/print.ts";
import { findServer, isMissing } from "../scripts/servers/provision.ts";
import { startServer } from "../scripts/servers/server.ts";

const SESSIONS = 10_000;

async function survives(
  t: Deno.TestContext,
  label: string,
  store: Required<NonNullable<StoryPlan["store"]>>,
): Promise<void> {
  const { writtenMs, findings } = await runStory({
    keyPrefix: "hakgal",
    sessions: SESSIONS,
    environment: { HAKGAL_SESSION_BACKEND: store.backend, HAKGAL_SESSION_URL: store.url },
    store,
  });
  print(`${label}: written in ${Math.round(writtenMs)} ms, the start of the pod included`);
  for (const { name, passed, detail, durationMs } of findings) {
    await t.step(`${name}: ${detail} (${Math.round(durationMs)} ms)`, () => assert(passed, detail));
  }
}

for (const kind of ["redis", "valkey"] as const) {
  for (const backend of ["ioredis", "node-redis", "valkey-glide"] as const) {
    Deno.test(`what a killed pod wrote is found by another: ${backend}, ${kind}`, async (t) => {
      const binary = await findServer(kind, { provision: true });
      if (isMissing(binary)) throw new Error(binary.missing);
      await using server = await startServer(binary);
      await survives(t, `${backend}, ${kind} ${server.version}`, { backend, url: server.url });
    });
  }
}

Deno.test("what a killed pod wrote is found by another: sqlite", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-seed-" });
  try {
    await survives(t, "sqlite", { backend: "sqlite", url: `${folder}/sessions.db` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
