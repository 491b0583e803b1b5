/** What is kept of a failed case on real backends. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Finding, runCampaign, type Runner } from "../../chaos/mod.ts";
import {
  boundedEvidence,
  MOST_BYTES_A_CASE,
  MOST_BYTES_A_FILE,
  textBytes,
} from "../../chaos/evidence.ts";
import type { History } from "../../chaos/history.ts";
import { readTail } from "../../chaos/real/file_tails.ts";
import { LastBytes } from "../../chaos/real/last_bytes.ts";
import { PodProcess } from "../../chaos/real/pod_process.ts";
import { ProxyTrace } from "../../chaos/real/proxy_trace.ts";
import type { PodBackend } from "../../chaos/real/target.ts";
import { failureText, reportBackend } from "../../chaos/report.ts";
import { writeFinding } from "../../chaos/report/finding_files.ts";
import { countingCase, openLane } from "./real_lane_support.ts";

const decoder = new TextDecoder();
const CASE = countingCase([{ kind: "pod-kill", at: 2, span: 0 }], { calls: 4, gapMs: 20 });

/** As if the last calls had had no answer. */
function broken(history: History): History {
  const last = history.events.flatMap((event) =>
    event.type === "invoke" && event.final ? [event.call.op] : []
  );
  const events = history.events.filter((event) =>
    event.type !== "return" || !last.includes(event.op)
  );
  return { ...history, events };
}

async function findOn(backend: PodBackend, look: (history: History) => History) {
  await using lane = await openLane(backend);
  const runner: Runner = async (chaosCase) => {
    const outcome = await lane.run(chaosCase);
    return { ...outcome, history: look(outcome.history) };
  };
  const entry = { name: "counting", description: "", bug: "", case: CASE };
  return await runCampaign({
    ...{ runner, corpus: [entry], cases: { faults: [], time: "real" } },
    ...{ seed: 1, runs: 0, timeLimitMs: 60_000, isDeterministic: false },
  });
}

async function written(
  backend: PodBackend,
  finding: Finding,
  look: (files: ReadonlyMap<string, Uint8Array>, folder: string) => void,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "hakgal-evidence-test-" });
  try {
    const target = { backend, server: null, serverVersion: null };
    await writeFinding(dir, target, finding);
    const tally = { tally: (await good()).tally, toolFailure: undefined, sample: undefined };
    const [violation] = reportBackend(target, [], [{ ...tally, finding }], () =>
      "again", 0).violations;
    const files = new Map<string, Uint8Array>();
    for (const path of violation?.evidence ?? []) {
      files.set(path.split("/")[1]!, await Deno.readFile(`${dir}/${path}`));
    }
    look(files, violation!.evidence![0]!.split("/")[0]!);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A campaign of nothing. */
function good() {
  return runCampaign({
    runner: () => Promise.reject(new Error("nothing is run")),
    cases: { faults: [], time: "real" },
    ...{ seed: 1, runs: 0, timeLimitMs: 1_000, isDeterministic: false },
  });
}

Deno.test("of a failed case on a server its log, its data, the proxy's trace and the pods' words are kept", async () => {
  const { finding } = await findOn("ioredis", broken);
  assert(finding);
  await written("ioredis", finding, (files, folder) => {
    assertEquals(folder, `case-ioredis-${finding.violation.guarantee}-1`);
    const text = (name: string) => decoder.decode(files.get(name));
    assertStringIncludes(text("server.log"), "Ready to accept connections");
    assertStringIncludes(text("proxy.log"), "command");
    assertStringIncludes(text("proxy.log"), "strike");
    assert(
      [...files.keys()].some((name) => /^data\..*\.aof$/.test(name)),
      [...files.keys()].join(),
    );
    // The pod was killed and has a second life.
    assert(files.has("p1.stderr.log") && files.has("p1.2.stderr.log"));
    assertStringIncludes(text("contents.txt"), "server.log: the server's log");
  });
  const told = failureText("ioredis", finding, "again", "chaos-report/case-ioredis-G1-1");
  assertStringIncludes(told, "Kept of it in chaos-report/case-ioredis-G1-1:");
  assertStringIncludes(told, "Seen 1 of 1 time. To see it again:");
});

Deno.test("of a failed case on SQLite the file is kept, and of one that holds nothing", async () => {
  const { finding } = await findOn("sqlite", broken);
  await written("sqlite", finding!, (files) => {
    assertStringIncludes(decoder.decode(files.get("sessions.sqlite")), "SQLite format 3");
  });
  assertEquals((await findOn("sqlite", (history) => history)).finding, undefined);
});

Deno.test("what a pod says as it breaks down is kept", async () => {
  const pod = new PodProcess();
  await pod.prepare({ kind: "built-in", backend: "sqlite" });
  // No pod is told of a call before it has a store.
  pod.call({ op: 1, kind: "get", session: { tenant: "a", id: "b" }, effects: [] });
  await pod.ended;
  assertStringIncludes(decoder.decode(pod.complaints), "TypeError");
});

Deno.test("no password is kept", () => {
  const trace = new ProxyTrace();
  const said = [
    "*3\r\n$4\r\nAUTH\r\n$3\r\npod\r\n$6\r\nsecret\r\n",
    "*5\r\n$5\r\nhello\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\npod\r\n$6\r\nsecret\r\n",
    "*2\r\n$3\r\nGET\r\n$4\r\nauth\r\n",
  ];
  for (const text of said) {
    trace.note("p1", { link: 1, what: "command", bytes: new TextEncoder().encode(text) });
  }
  const lines = decoder.decode(trace.toBytes());
  assert(!lines.includes("secret"), lines);
  for (const name of ["AUTH", "hello", "GET $4 auth"]) assertStringIncludes(lines, name);
});

Deno.test("what is kept is bounded", async () => {
  const most = new Uint8Array(MOST_BYTES_A_FILE);
  const all = Array.from(
    { length: 10 },
    (_, index) => ({ name: `${index}`, about: "", bytes: most }),
  );
  const [contents, ...kept] = boundedEvidence(all);
  assertEquals(kept.length, MOST_BYTES_A_CASE / MOST_BYTES_A_FILE);
  assertStringIncludes(decoder.decode(contents!.bytes), "9: , left out: too large");

  const last = new LastBytes(4);
  for (const text of ["abc", "defghi", "jk"]) last.add(new TextEncoder().encode(text));
  assertEquals(decoder.decode(last.bytes), "hijk");

  const trace = new ProxyTrace();
  for (let link = 1; link <= 20_000; link++) trace.note("p1", { link, what: "opened" });
  const lines = decoder.decode(trace.toBytes()).trimEnd().split("\n");
  assertEquals(lines.length, 4_000);
  assertStringIncludes(lines.at(-1)!, "#20000  opened");

  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, textBytes(["first", "last"]));
    assertEquals(decoder.decode(await readTail(path, 5)), "last\n");
    assertEquals(await readTail(`${path}.none`), undefined);
  } finally {
    await Deno.remove(path);
  }
});
