// The demo tells its story to the end, and leaves nothing behind when it is interrupted.
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { linesOf } from "../scripts/lines.ts";

const SCRIPT = fileURLToPath(new URL("../scripts/demo.ts", import.meta.url));

function demo(args: readonly string[], temporaryFolder: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", SCRIPT, ...args],
    env: { TMPDIR: temporaryFolder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-demo-test-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the demo kills a pod and finds every answered request", async () => {
  await withFolder(async (folder) => {
    const { code, stdout, stderr } = await demo([], folder).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 0, text + new TextDecoder().decode(stderr));
    assertMatch(text, /pod 1 is a process of its own \(pid \d+\)/);
    assertMatch(text, /SIGKILL: pod 1 is dead; [1-9]\d* requests were under way/);
    assertStringIncludes(text, "Users land on pod 2");
    assertMatch(text, /pod 2 █+ +[\d,]+ requests answered/);
    assertStringIncludes(text, "Another process locks the SQLite file. Users go on.");
    assertStringIncludes(text, "No request failed");
    assertMatch(text, /user-36 +\d+ +\d+ ✓/);
    assertMatch(text, /expected at least [1-9][\d,]*/);
    assertStringIncludes(text, "PASSED  36 sessions survived");
    assertMatch(text, /pod 2, scraped from http:\/\/127\.0\.0\.1:\d+\/metrics/);
    assertMatch(text, /^ +hakgal_session_recovery_total 36$/m);
    assertMatch(text, /^ +hakgal_session_recovery_failures_total 0$/m);
    assertMatch(text, /^ +hakgal_session_redis_latency_p99 \d+\.\d+$/m);
    assert(!text.includes("\x1b"), "colours belong on a terminal only");
    assertEquals([...Deno.readDirSync(folder)], [], "the store's file was left behind");
  });
});

Deno.test("Ctrl-C ends the demo, its pods and its file", async () => {
  await withFolder(async (folder) => {
    const process = demo([], folder);
    const complaints = new Response(process.stderr).text();
    const pids: number[] = [];
    for await (const line of linesOf(process.stdout)) {
      const [, pid] = /\(pid (\d+)\)/.exec(line) ?? [];
      if (pid !== undefined) pids.push(Number(pid));
      if (line.includes("Users send requests")) process.kill("SIGINT");
    }
    const { code } = await process.status;
    assertEquals(code, 130, await complaints);
    assertEquals(pids.length, 2);
    for (const pid of pids) assert(!runs(pid), `pod ${pid} still runs`);
    assertEquals([...Deno.readDirSync(folder)], []);
    await complaints;
  });
});

Deno.test("a backend that two processes cannot share is refused", async () => {
  await withFolder(async (folder) => {
    const { code, stderr } = await demo(["--backend", "memory"], folder).output();
    assertEquals(code, 2);
    assertStringIncludes(new TextDecoder().decode(stderr), "sqlite");
  });
});

function runs(pid: number): boolean {
  try {
    // Sends nothing that would change it.
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}
