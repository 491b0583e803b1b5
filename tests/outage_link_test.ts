/** Links between pod and server that swallow, delay, or break. */

import { assert, assertEquals } from "@std/assert";
import { FaultProxy } from "../chaos/mod.ts";
import {
  CLIENTS,
  COMMAND_TIMEOUT_MS,
  idsOf,
  onEachServer,
  OutagePod,
  OutagePods,
  pause,
  storedSum,
} from "./support/outage.ts";
import { ADAPTERS, POD_KEY } from "./redis_support.ts";
import { WireProxy } from "./support/wire_proxy.ts";

const IDS = idsOf("user", 5);

/** Rounds after which traffic that hardly reaches the server is a failure of the test. */
const MOST_ROUNDS = 100;

/** Adds 1 to each session. */
async function incrementAll({ sessions }: OutagePod): Promise<void> {
  await Promise.all(IDS.map((id) => sessions.increment(id, "n")));
}

interface LinkFault {
  readonly name: string;
  begin(proxy: WireProxy): void;
  end(proxy: WireProxy): void;
}

const FAULTS: readonly LinkFault[] = [
  {
    name: "a black hole, after which everything comes late",
    begin: (proxy) => proxy.requestDelayMs = proxy.replyDelayMs = Infinity,
    end: (proxy) => proxy.deliver(),
  },
  {
    name: "requests that vanish",
    begin: (proxy) => proxy.requestDelayMs = Infinity,
    end: (proxy) => proxy.lose(),
  },
  {
    name: "replies that vanish",
    begin: (proxy) => proxy.replyDelayMs = Infinity,
    end: (proxy) => proxy.lose(),
  },
  {
    name: "more latency than a command may take",
    begin: (proxy) => proxy.requestDelayMs = proxy.replyDelayMs = COMMAND_TIMEOUT_MS,
    end: (proxy) => proxy.requestDelayMs = proxy.replyDelayMs = 0,
  },
];

for (const { name, begin, end } of FAULTS) {
  onEachServer(`${name}: every call is answered, every increment counts once`, async (server) => {
    await using proxy = await WireProxy.listen(server.port);
    await using pods = await OutagePods.open({ url: proxy.url });
    await pods.each(({ sessions }) => Promise.all(IDS.map((id) => sessions.getOrCreate(id))));
    begin(proxy);
    await pods.each(async (pod) => {
      await incrementAll(pod);
      await pod.isDown();
      for (let round = 0; round < 3; round++) {
        await incrementAll(pod);
        await pause(COMMAND_TIMEOUT_MS / 2);
      }
    });
    end(proxy);
    await pods.each(async (pod) => {
      await pod.isUp();
      await incrementAll(pod);
      await pod.manager.flush();
      assertEquals(await storedSum(server.url, pod.backend, IDS, "n"), 25);
      assertEquals(pod.told("rejected"), []);
    });
  });
}

onEachServer("connections reset before and after execution, again and again", async (server) => {
  let scripts = 0;
  await using proxy = await FaultProxy.listen({
    upstream: { host: server.host, port: server.port },
    faultFor: ([name]) => {
      if (!/^EVALSHA$/i.test(new TextDecoder().decode(name))) return undefined;
      // Two of seven are hit, so that a lucky retry comes through.
      const kind = ([, , "request-cut", , , "reply-cut"] as const)[scripts++ % 7];
      return kind && { kind };
    },
  });
  await using pods = await OutagePods.open({ url: `redis://127.0.0.1:${proxy.port}` });
  await pods.each(async (pod) => {
    await Promise.all(IDS.map((id) => pod.sessions.getOrCreate(id)));
    let rounds = 0;
    for (; rounds < 10 || scripts <= 100 && rounds < MOST_ROUNDS; rounds++) {
      // A pod that takes the store for away journals whole rounds, of which few commands are left to be hit.
      if (rounds >= 10) await pod.isUp();
      await incrementAll(pod);
    }
    await pod.manager.flush();
    assertEquals(await storedSum(server.url, pod.backend, IDS, "n"), 5 * rounds);
    assertEquals(pod.told("rejected"), []);
  });
  assert(scripts > 100, `${scripts} commands`);
});

onEachServer("flapping every 200 ms under traffic, every increment counts once", async (server) => {
  await using proxy = await WireProxy.listen(server.port);
  await using pods = await OutagePods.open({ url: proxy.url });
  await pods.each(({ sessions }) => Promise.all(IDS.map((id) => sessions.getOrCreate(id))));
  let isFlapping = true;
  const flapping = (async () => {
    for (let flap = 0; flap < 15; flap++) {
      proxy.refuses = !proxy.refuses;
      if (proxy.refuses) proxy.cut();
      await pause(200);
    }
    isFlapping = proxy.refuses = false;
  })();
  await pods.each(async (pod) => {
    let sent = 0;
    while (isFlapping) {
      await incrementAll(pod);
      sent += IDS.length;
      await pause(2);
    }
    assert(sent > 100, `${sent} increments`);
    await flapping;
    await pod.manager.flush();
    assertEquals(await storedSum(server.url, pod.backend, IDS, "n"), sent);
    assertEquals(pod.told("rejected"), []);
    await pod.isUp();
  });
});

/** What a client says first on a new connection. */
const HANDSHAKE = /^(hello|auth|client|info|select)$/i;

/** Reads and writes through a pod whose connection leads nowhere, until it has another one. */
async function recovers(pod: OutagePod): Promise<void> {
  assertEquals(await pod.sessions.increment("u", "n"), 1);
  await pod.manager.flush({ timeoutMs: 15_000 });
  assertEquals((await pod.sessions.get("u", { fresh: true }))?.context, { n: 1 });
}

onEachServer("a connection that falls silent while it is made is given up", async ({ port }) => {
  for (const client of CLIENTS) {
    let isArmed = false;
    await using proxy: FaultProxy = await FaultProxy.listen({
      upstream: { host: "127.0.0.1", port },
      faultFor([name]) {
        if (isArmed && HANDSHAKE.test(new TextDecoder().decode(name))) {
          isArmed = false;
          proxy.halfOpenAll();
        }
        return undefined;
      },
    });
    const url = `redis://127.0.0.1:${proxy.port}`;
    await using pod = await OutagePod.open(client, { url });
    await pod.sessions.getOrCreate("u");
    isArmed = true;
    proxy.cutAll();
    for (let round = 0; isArmed && round < MOST_ROUNDS; round++) await pause(50);
    assert(!isArmed, `${client} has not connected again`);
    await recovers(pod);
  }
});

onEachServer("a connection that is open and leads nowhere is given up", async ({ port }) => {
  for (const client of CLIENTS) {
    await using proxy = await FaultProxy.listen({ upstream: { host: "127.0.0.1", port } });
    const url = `redis://127.0.0.1:${proxy.port}`;
    await using pod = await OutagePod.open(client, { url });
    await pod.sessions.getOrCreate("u");
    proxy.halfOpenAll();
    await recovers(pod);
  }
});

onEachServer(
  "a client's own time limit does not hide that its connection is silent",
  async ({ port }) => {
    for (const connect of Object.values(ADAPTERS)) {
      await using proxy = await FaultProxy.listen({ upstream: { host: "127.0.0.1", port } });
      const adapter = connect({ url: `redis://127.0.0.1:${proxy.port}` });
      const beat = (timeoutMs: number) =>
        adapter.heartbeat!({ podKey: POD_KEY, keepMs: 60_000, timeoutMs });
      await adapter.open({ podKey: POD_KEY, timeoutMs: COMMAND_TIMEOUT_MS });
      proxy.halfOpenAll();
      // The limit that the client was given at the beginning would end each of these first.
      const hasRecovered = () => beat(1.5 * COMMAND_TIMEOUT_MS).then(() => true, () => false);
      let rounds = 0;
      while (!await hasRecovered()) {
        assert(++rounds < 20, `${adapter.name} keeps its silent connection`);
        await pause(COMMAND_TIMEOUT_MS / 4);
      }
      await adapter.close();
    }
  },
);
