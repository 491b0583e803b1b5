import { assertEquals, assertRejects } from "@std/assert";
import { memoryAdapter, MemoryStore } from "../../adapters/memory.ts";
import { type CommandFault, FaultyAdapter } from "../../chaos/mod.ts";
import { SessionManager, StoreUnavailableError } from "../../mod.ts";

/** What an increment meets at its first send, and what is there when all is over. */
async function incrementUnder(fault: CommandFault): Promise<number> {
  const store = new MemoryStore();
  const adapter = new FaultyAdapter(memoryAdapter({ store }), {
    faultFor: ({ kind, index }) => kind === "commit" && index === 2 ? fault : undefined,
  });
  await using pod = new SessionManager({ adapter, commandTimeoutMs: 100 });
  await pod.tenant("a").getOrCreate("1");
  await pod.tenant("a").increment("1", "count").catch((error) => {
    if (!(error instanceof StoreUnavailableError)) throw error;
  });
  await new Promise((resolve) => setTimeout(resolve, 150));
  await using other = new SessionManager({ adapter: memoryAdapter({ store }) });
  return (await other.tenant("a").get("1"))?.context.count ?? 0;
}

Deno.test("a command whose request or reply is lost is retried and counts once", async () => {
  assertEquals(await incrementUnder({ kind: "request-cut", outcome: "not-applied" }), 1);
  assertEquals(await incrementUnder({ kind: "request-cut", outcome: "unknown" }), 1);
  assertEquals(await incrementUnder({ kind: "reply-cut" }), 1);
});

Deno.test("a command that is executed late counts once", async () => {
  assertEquals(await incrementUnder({ kind: "late-execution", delayMs: 120 }), 1);
});

Deno.test("a call whose store takes too long ends within the timeout", async () => {
  const adapter = new FaultyAdapter(memoryAdapter(), {
    faultFor: ({ kind }) =>
      kind === "load" ? { kind: "latency", requestMs: 300, replyMs: 0 } : undefined,
  });
  await using pod = new SessionManager({ adapter, commandTimeoutMs: 50, failMode: "closed" });
  const startedAtMs = performance.now();
  await assertRejects(() => pod.tenant("a").getOrCreate("1"), StoreUnavailableError);
  assertEquals(performance.now() - startedAtMs < 200, true);
  await new Promise((resolve) => setTimeout(resolve, 350));
});

Deno.test("a pod that is killed is never answered", async () => {
  for (const phase of ["p0", "p1", "p2"] as const) {
    let isKilled = false;
    const store = new MemoryStore();
    const adapter = new FaultyAdapter(memoryAdapter({ store }), {
      faultFor: ({ kind }) =>
        kind === "commit" ? { kind: "pod-kill", phase, kill: () => isKilled = true } : undefined,
    });
    const pod = new SessionManager({ adapter, commandTimeoutMs: 30, failMode: "closed" });
    await pod.tenant("a").getOrCreate("1").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    await pod.close().catch(() => {});
    assertEquals(isKilled, true);
    assertEquals(store.size, phase === "p0" ? 0 : 1, phase);
  }
});
