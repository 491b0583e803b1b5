// Several processes, or connections, on one SQLite file.
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { StoreUnavailableError } from "../core/errors.ts";
import type { StorageAdapter } from "../core/storage_adapter.ts";
import {
  ASK,
  batch,
  create,
  increment,
  KEY,
  TIMEOUT,
  withAdapter,
  withFile,
} from "./sqlite_support.ts";

function spawnPod(path: string, increments: number): Deno.ChildProcess {
  const pod = new URL("./sqlite_pod.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", pod, path, String(increments)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function counter(adapter: StorageAdapter): Promise<number> {
  const reply = await adapter.load(KEY, ASK, TIMEOUT);
  assert(reply.outcome === "found", reply.outcome);
  return Number(reply.state.context.get("n"));
}

Deno.test("four processes open a new file at once and lose no increment", async () => {
  await withFile(async (path) => {
    const pods = Array.from({ length: 4 }, () => spawnPod(path, 400));
    const ends = await Promise.all(pods.map((pod) => pod.output()));
    assertEquals(ends.map((end) => end.code), [0, 0, 0, 0]);
    const blockedMs = ends.map((end) =>
      new TextDecoder().decode(end.stdout).trimEnd().split("\n").at(-1)
    );
    Deno.stderr.writeSync(
      new TextEncoder().encode(`event loops stood still ${blockedMs.join(", ")} ms at most\n`),
    );
    await withAdapter({ path }, async (adapter) => assertEquals(await counter(adapter), 1_600));
  });
});

Deno.test("what a killed process was told is in the file, which stays sound", async () => {
  await withFile(async (path) => {
    const pod = spawnPod(path, 1e9);
    let told = 0;
    try {
      const lines = pod.stdout.pipeThrough(new TextDecoderStream());
      let text = "";
      for await (const chunk of lines) {
        text += chunk;
        const before = told;
        told = Number(text.split("\n").at(-2) ?? 0);
        // What it said before its end comes in afterwards too.
        if (before <= 1_000 && told > 1_000) pod.kill("SIGKILL");
      }
    } finally {
      await pod.status;
    }
    await withAdapter({ path }, async (adapter) => {
      const reply = await adapter.load(KEY, ASK, TIMEOUT);
      assert(reply.outcome === "found", reply.outcome);
      const kept = Number(reply.state.context.get("n"));
      assertEquals(reply.state.version, kept + 1, "each batch is there as a whole");
      assert(told > 1_000 && kept >= told, `told ${told}, kept ${kept}`);
      const inspector = new DatabaseSync(path);
      assertEquals({ ...inspector.prepare("PRAGMA integrity_check").get() }, {
        integrity_check: "ok",
      });
      inspector.close();
    });
  });
});

Deno.test("a lock held for longer than the timeout is an outage, and blocks nothing", async () => {
  await withFile(async (path) => {
    let refusals = 0;
    const random = () => (refusals++, Math.random());
    await withAdapter({ path, random }, async (adapter) => {
      await adapter.commit(KEY, batch(1, [create("x"), increment]), TIMEOUT);
      const other = new DatabaseSync(path);
      let turns = 0;
      const watch = setInterval(() => turns++, 1);
      try {
        other.exec("BEGIN IMMEDIATE");
        const startedMs = performance.now();
        const late = adapter.commit(KEY, batch(2, [increment]), { timeoutMs: 300 });
        // Its own deadline is the nearer one, though it comes later.
        const hasty = adapter.commit(KEY, batch(3, [increment]), { timeoutMs: 60 });
        const error = await hasty.catch((error) => error);
        assertInstanceOf(error, StoreUnavailableError);
        assertEquals(error.outcome, "not-applied");
        assert(performance.now() - startedMs < 250, `${performance.now() - startedMs} ms`);
        assertEquals((await late.catch((error) => error)).outcome, "not-applied");
        assert(performance.now() - startedMs < 1_000, `${performance.now() - startedMs} ms`);
        assert(turns > 20 && refusals > 5, `${turns} turns, ${refusals} refusals`);
        assertEquals(await counter(adapter), 1, "a read needs no lock");
      } finally {
        clearInterval(watch);
        other.close();
      }
      assertEquals(await counter(adapter), 1);
    });
  });
});

Deno.test("a lock held for less than the timeout only delays", async () => {
  await withFile(async (path) => {
    const other = new DatabaseSync(path);
    let refusals = 0;
    const random = () => {
      if (++refusals % 5 === 0) other.exec("ROLLBACK");
      return Math.random();
    };
    try {
      other.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
      await withAdapter({ path, random }, async (adapter) => {
        assertEquals(refusals, 5, "open waits too");
        await adapter.commit(KEY, batch(1, [create("x")]), TIMEOUT);
        other.exec("BEGIN IMMEDIATE");
        const reply = await adapter.commit(KEY, batch(2, [increment]), TIMEOUT);
        assertEquals([reply.outcome, refusals], ["applied", 10]);
      });
    } finally {
      other.close();
    }
  });
});

Deno.test("open waits for an exclusive lock without blocking", async () => {
  await withFile(async (path) => {
    const other = new DatabaseSync(path);
    try {
      other.exec("BEGIN EXCLUSIVE");
      const open = withAdapter({ path }, async () => {});
      let turns = 0;
      const watch = setInterval(() => {
        if (++turns === 20) other.exec("ROLLBACK");
      }, 1);
      await open.finally(() => clearInterval(watch));
      assert(turns >= 20);
    } finally {
      other.close();
    }
  });
});
