// Raw contestants do the work that they are said to do: what is sent again takes effect again.
import { assertEquals, assertRejects } from "@std/assert";
import { REDIS_CLIENTS } from "../bench/case.ts";
import { openRawClient, type RawClient } from "../bench/clients/open.ts";
import { storeKeyOf } from "../bench/keys.ts";
import { RawCommits, recordCommits } from "../bench/recorded_commits.ts";
import { COLD_CACHE, embedding, idsOf, inTurn, makeSmall } from "../bench/sessions.ts";
import { TENANT } from "../bench/store.ts";
import { Workbench } from "../bench/workbench.ts";
import { serverBinary } from "./support/servers.ts";

const SETTINGS = {
  ...{ turnMs: 20, rounds: 1, repeats: 0, withPeers: false, isFull: false, mostSessions: 1_000 },
};

for (const backend of REDIS_CLIENTS) {
  Deno.test(`${backend}: a commit that is sent again is another one`, async () => {
    const binary = await serverBinary("redis");
    await using bench = await Workbench.open({ backend, settings: SETTINGS, binary });
    const [increment, append, create] = await recordCommits(bench, {
      prepare: (sessions) => sessions.getOrCreate("user", { n: 0 }),
      calls: [
        (sessions) => sessions.increment("user", "n"),
        (sessions) => sessions.appendTrajectory("user", embedding(8)),
        (sessions) => sessions.getOrCreate("another", { plan: "free" }),
      ],
    });
    const client = bench.use(await openRawClient(backend, bench.server.url));
    const commits = await RawCommits.load(client);
    const calls = [increment!, append!].map((commit) => commits.resend(commit));
    for (let turn = 0; turn < 3; turn++) for (const call of calls) await call();
    const session = await (await bench.open()).tenant(TENANT).loadFromStore("user");
    assertEquals(session!.context.n, 4);
    assertEquals(session!.trajectory.length, 4);

    const before = await keys(client);
    const recreate = commits.recreate(create!);
    for (let turn = 0; turn < 3; turn++) await recreate();
    assertEquals(await keys(client) - before, 3);
  });

  Deno.test(`${backend}: a raw read answers the whole record, in bytes`, async () => {
    const binary = await serverBinary("redis");
    await using bench = await Workbench.open({ backend, settings: SETTINGS, binary });
    const sessions = (await bench.open()).tenant(TENANT);
    await sessions.getOrCreate("user", { plan: "free" });
    await sessions.appendTrajectory("user", embedding(8));
    const client = bench.use(await openRawClient(backend, bench.server.url));
    const key = storeKeyOf("user");
    const vector = [...new Uint8Array(embedding(8).buffer)];
    const holdsVector = (reply: unknown): boolean => {
      if (reply instanceof Uint8Array) return String([...reply]) === String(vector);
      if (reply instanceof Map) return [...reply.values()].some(holdsVector);
      return typeof reply === "object" && reply !== null && Object.values(reply).some(holdsVector);
    };
    assertEquals(holdsVector(await client.hgetall(key)), true);
    assertEquals(holdsVector(await client.hgetallMany([key, key])), true);
  });
}

Deno.test("a pod with a cold cache reads the whole record each time", async () => {
  const binary = await serverBinary("redis");
  await using bench = await Workbench.open({ backend: "ioredis", settings: SETTINGS, binary });
  const ids = idsOf("cold", 5);
  await makeSmall((await bench.open()).tenant(TENANT), ids);
  const pod = (await bench.open({ cache: COLD_CACHE })).tenant(TENANT);
  await bench.server.command("CONFIG", "RESETSTAT");
  const next = inTurn(ids);
  for (let call = 0; call < 20; call++) await pod.loadFromStore(next());
  const info = String(await bench.server.command("INFO", "commandstats"));
  assertEquals(/cmdstat_hgetall:calls=(\d+)/.exec(info)?.[1], "20");
});

Deno.test("calls that send more or fewer commits than they are cannot be paired", async () => {
  const binary = await serverBinary("redis");
  await using bench = await Workbench.open({ backend: "ioredis", settings: SETTINGS, binary });
  const calls = [(sessions: { get(id: string): Promise<unknown> }) => sessions.get("nobody")];
  await assertRejects(() => recordCommits(bench, { calls }), Error, "cannot be paired");
});

async function keys(client: RawClient): Promise<number> {
  return Number(await client.send("DBSIZE"));
}
