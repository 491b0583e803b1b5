// However a run ends, nothing of it is left: no process, no listening port, no folder.
import { assert, assertEquals } from "@std/assert";
import { findServer } from "../../scripts/servers/provision.ts";
import { openLane } from "./real_lane_support.ts";

const ROOT = new URL("../../", import.meta.url);

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly state: string;
}

async function processes(): Promise<Process[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid=,ppid=,pgid=,stat="] })
    .output();
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => {
    const [pid, parent, group, state] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), group: Number(group), state: state! };
  }).filter(({ state }) => !state.startsWith("Z"));
}

/** A process with all that it has started, and they have. */
async function familyOf(pid: number): Promise<number[]> {
  const all = await processes();
  const family = [pid];
  for (const member of family) {
    family.push(...all.filter(({ parent }) => parent === member).map((child) => child.pid));
  }
  return family;
}

/** Ports of 127.0.0.1 that these processes listen on, by what the kernel says. */
async function portsOf(pids: readonly number[]): Promise<number[]> {
  const sockets = new Set<string>();
  for (const pid of pids) {
    for await (const { name } of entries(`/proc/${pid}/fd`)) {
      const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode) sockets.add(inode);
    }
  }
  return (await listening()).filter(({ inode }) => sockets.has(inode)).map(({ port }) => port);
}

async function* entries(path: string): AsyncGenerator<Deno.DirEntry> {
  try {
    yield* Deno.readDir(path);
  } catch {
    // It has ended meanwhile.
  }
}

async function listening(): Promise<{ readonly port: number; readonly inode: string }[]> {
  const LISTENS = "0A";
  const table = await Deno.readTextFile("/proc/net/tcp");
  return table.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTENS)
    .map((words) => ({ port: parseInt(words[1]!.split(":")[1]!, 16), inode: words[9]! }));
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 60_000;
  while (!await isTrue()) {
    assert(performance.now() < endsAt, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function folders(tmp: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(tmp))).map(({ name }) => name);
}

/** Starts a run on a server and ends it; nothing may be left of what it had started by then. */
async function startAndEnd(end: (run: Deno.ChildProcess) => Promise<void>): Promise<number> {
  const tmp = await Deno.makeTempDir({ prefix: "hakgal-cleanup-test-" });
  const backend = "missing" in await findServer("redis", { provision: false, onProgress() {} })
    ? ["--backend", "sqlite"]
    : ["--backend", "ioredis", "--server", "redis"];
  // In a session of its own, as from a terminal; setsid only makes it and gives way to the run.
  const run = new Deno.Command("setsid", {
    args: [
      ...[Deno.execPath(), "run", "-A", "--no-check", "scripts/chaos.ts", ...backend],
      ...["--quiet", "--time-limit", "8", "--report", `${tmp}/report`],
    ],
    cwd: ROOT,
    env: { TMPDIR: tmp },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    let started: number[] = [];
    // The run itself, its watchdogs, its pods and those started ahead.
    await until("it has its pods", async () => {
      started = await familyOf(run.pid);
      return started.length >= 6;
    });
    const ports = await portsOf(started);
    if (backend.includes("ioredis")) assert(ports.length > 0, "it listens on no port");
    await end(run);
    const { code } = await run.status;
    const groups = new Set(started);
    await until(
      "all that it started is gone",
      async () =>
        (await processes()).every(({ pid, group }) => !started.includes(pid) && !groups.has(group)),
    );
    const open = new Set((await listening()).map(({ port }) => port));
    assertEquals(ports.filter((port) => open.has(port)), []);
    await until(
      "its folders are gone",
      async () => (await folders(tmp)).every((name) => name === "report"),
    );
    return code;
  } finally {
    await Deno.remove(tmp, { recursive: true });
  }
}

const signal = (...signals: readonly Deno.Signal[]) => (run: Deno.ChildProcess) => {
  for (const name of signals) run.kill(name);
  return Promise.resolve();
};

Deno.test("a run that is interrupted leaves nothing behind", async () => {
  assertEquals(await startAndEnd(signal("SIGINT")), 2);
});

Deno.test("a run that is terminated leaves nothing behind", async () => {
  assertEquals(await startAndEnd(signal("SIGTERM")), 2);
});

Deno.test("a run that is interrupted twice leaves nothing behind", async () => {
  await startAndEnd(signal("SIGINT", "SIGINT"));
});

Deno.test("Ctrl-C, which reaches all of its processes at once, leaves nothing behind", async () => {
  const code = await startAndEnd((run) => Promise.resolve(Deno.kill(-run.pid, "SIGINT")));
  assertEquals(code, 2);
});

Deno.test("a run that is killed leaves nothing behind", async () => {
  await startAndEnd(signal("SIGKILL"));
});

Deno.test("a run whose time is up leaves nothing behind", async () => {
  await startAndEnd(() => Promise.resolve());
});

Deno.test("a lane that is stopped while a pod opens ends when that pod has", async () => {
  await using lane = await openLane("sqlite");
  let isOver = false;
  const opening = lane.pod(0).then(() => isOver = true, () => isOver = true);
  // Its process has been asked for by the next turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await lane.stop();
  assert(isOver, "the pod goes on, and its journal with it");
  await opening;
});
