// Prometheus is found, or what is missing is said with what to do.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { findMonitoring, MONITORING_VARIABLE } from "../scripts/servers/monitoring.ts";
import { monitoringTools } from "./support/monitoring.ts";

async function withEnv(name: string, value: string, body: () => Promise<void>): Promise<void> {
  const before = Deno.env.get(name);
  Deno.env.set(name, value);
  try {
    await body();
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
}

Deno.test("a folder that is named and lacks the programs is an error that says so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await withEnv(MONITORING_VARIABLE, folder, async () => {
      const error = await assertRejects(() => findMonitoring({ provision: true }), Error);
      assertStringIncludes(error.message, `cannot run ${folder}/prometheus`);
      assertStringIncludes(error.message, `Set ${MONITORING_VARIABLE} to a folder`);
    });
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("nothing is fetched unless it is asked for", async () => {
  const cache = await Deno.makeTempDir();
  try {
    await withEnv(MONITORING_VARIABLE, "", async () => {
      await withEnv("HAKGAL_CACHE_DIR", cache, async () => {
        const found = await findMonitoring();
        // A machine may have one installed.
        if ("missing" in found) assertStringIncludes(found.missing, MONITORING_VARIABLE);
        assertEquals([...Deno.readDirSync(cache)], []);
      });
    });
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("what is found can be named as a folder", async () => {
  const { prometheus, version } = await monitoringTools();
  const folder = prometheus.slice(0, prometheus.lastIndexOf("/"));
  await withEnv(MONITORING_VARIABLE, folder, async () => {
    const found = await findMonitoring();
    assert(!("missing" in found));
    assertEquals([found.origin, found.version], ["environment", version]);
  });
});
