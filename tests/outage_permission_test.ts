/** Permissions and passwords that change under a pod: for the operator to hear of, and to repair. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { StoreRejectedError, StoreUnavailableError } from "../mod.ts";
import { onEachServer, type OutagePod, OutagePods, PATIENT, until } from "./support/outage.ts";

const ACL = { acl: ["default off", "app on >secret ~hakgal:* &* +@all"] };
const LOGIN = { username: "app", password: "secret" };

for (const command of ["evalsha", "hset"]) {
  onEachServer(`NOPERM for ${command} is told to callers until it is repaired`, async (server) => {
    await using pods = await OutagePods.open({ url: server.url, ...PATIENT, ...LOGIN });
    await pods.each(({ sessions }) => sessions.getOrCreate("user", { n: 1 }));
    await server.command("ACL", "SETUSER", "app", `-${command}`, "-eval");
    await pods.each(async ({ sessions }) => {
      const refused = await assertRejects(
        () => sessions.increment("user", "n"),
        StoreRejectedError,
      );
      assertEquals(refused.code, "NOPERM");
    });
    await server.command("ACL", "SETUSER", "app", "+@all");
    await pods.each(async (pod) => {
      assertEquals(await pod.sessions.increment("user", "n"), 2);
      assertEquals(pod.told("degraded"), []);
      await pod.manager.flush();
    });
  }, ACL);
}

/** What became of increments. */
interface Tally {
  accepted: number;
  unknown: number;
  readonly refusals: Set<string>;
}

async function increment({ sessions }: OutagePod, tally: Tally): Promise<void> {
  try {
    await sessions.increment("user", "n");
    tally.accepted++;
  } catch (error) {
    if (error instanceof StoreRejectedError) tally.refusals.add(error.code);
    // Sent before, and refused when it was tried again (rule 7).
    else if (error instanceof StoreUnavailableError && error.outcome === "unknown") tally.unknown++;
    else throw error;
  }
}

onEachServer("a password that changed is told to callers until it is repaired", async (server) => {
  await using pods = await OutagePods.open({ url: server.url, ...LOGIN });
  const tallies = new Map<OutagePod, Tally>();
  await pods.each(async (pod) => {
    await pod.sessions.getOrCreate("user");
    tallies.set(pod, { accepted: 0, unknown: 0, refusals: new Set() });
  });
  await server.command("ACL", "SETUSER", "app", "resetpass", ">another");
  await server.command("CLIENT", "KILL", "USER", "app");
  await pods.each(async (pod) => {
    const tally = tallies.get(pod)!;
    await until("a caller is told of the password", async () => {
      await increment(pod, tally);
      return tally.refusals.has("WRONGPASS");
    });
  });
  await server.command("ACL", "SETUSER", "app", "resetpass", ">secret");
  await pods.each(async (pod) => {
    const tally = tallies.get(pod)!;
    const { accepted } = tally;
    await until("a caller is not refused any more", async () => {
      await increment(pod, tally);
      return tally.accepted > accepted;
    });
    await pod.manager.flush();
    const kept = Number((await pod.sessions.loadFromStore("user"))?.context.n);
    assert(tally.accepted <= kept && kept <= tally.accepted + tally.unknown, `${kept}`);
  });
}, ACL);
