import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { FaultProxy, type ProxyFault } from "../../chaos/proxy.ts";
import type { Trouble } from "../../chaos/store_power.ts";
import { commandWords, frameEnd, FrameReader } from "../../chaos/resp_frames.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const INCR = encode("*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n");

/** A server that counts the commands it gets, and answers each with the count. */
class Counter implements AsyncDisposable {
  count = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((socket) => {
      const reader = new FrameReader();
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        for (const _ of reader.take(chunk as Uint8Array)) socket.write(`:${++this.count}\r\n`);
      });
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve) =>
      this.#server.listen(0, "127.0.0.1", () => {
        resolve((this.#server.address() as { port: number }).port);
      })
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Sends an INCR through a proxy; resolves with the reply, rejects when the connection is cut. */
function increment(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("data", (chunk) => {
      resolve(Buffer.from(chunk).toString());
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the connection was closed")));
    socket.write(INCR);
  });
}

async function withFault(
  fault: ProxyFault | undefined,
  test: (port: number, counter: Counter) => Promise<void>,
): Promise<void> {
  await using counter = new Counter();
  const upstream = { host: "127.0.0.1", port: await counter.listen() };
  let isFirst = true;
  await using proxy = await FaultProxy.listen({
    upstream,
    faultFor: () => {
      const first = isFirst;
      isFirst = false;
      return first ? fault : undefined;
    },
  });
  await test(proxy.port, counter);
}

Deno.test("without a fault the proxy passes commands and replies on", async () => {
  await withFault(undefined, async (port) => {
    assertEquals(await increment(port), ":1\r\n");
    assertEquals(await increment(port), ":2\r\n");
  });
});

Deno.test("a request that is cut never reaches the server", async () => {
  await withFault({ kind: "request-cut" }, async (port, counter) => {
    await assertRejects(() => increment(port));
    assertEquals(counter.count, 0);
    assertEquals(await increment(port), ":1\r\n");
  });
});

Deno.test("a reply that is cut was executed", async () => {
  await withFault({ kind: "reply-cut" }, async (port, counter) => {
    await assertRejects(() => increment(port));
    assertEquals(counter.count, 1);
  });
});

Deno.test("a late command is executed after its sender was cut off", async () => {
  await withFault({ kind: "late-execution", delayMs: 50 }, async (port, counter) => {
    await assertRejects(() => increment(port));
    assertEquals(counter.count, 0);
    while (counter.count === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

Deno.test("a strike comes at its phase", async () => {
  for (const [phase, executed] of [["p0", 0], ["p2", 1]] as const) {
    let struckAt = -1;
    let counterAtStrike: Counter | undefined;
    const strike = () => struckAt = counterAtStrike?.count ?? -1;
    await withFault({ kind: "strike", phase, strike }, async (port, counter) => {
      counterAtStrike = counter;
      await assertRejects(() => increment(port));
      assertEquals(struckAt, executed, phase);
    });
  }
});

Deno.test("a latency holds the reply up", async () => {
  await withFault({ kind: "latency", requestMs: 30, replyMs: 30 }, async (port) => {
    const startedAtMs = performance.now();
    assertEquals(await increment(port), ":1\r\n");
    assertEquals(performance.now() - startedAtMs >= 55, true);
  });
});

/** Sends an INCR; resolves with all that came until the connection ended, or `wanted` bytes. */
function collect(port: number, wanted: number): Promise<{ text: string; chunks: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    let text = "";
    let chunks = 0;
    const done = () => {
      socket.destroy();
      resolve({ text, chunks });
    };
    socket.on("data", (chunk) => {
      text += Buffer.from(chunk).toString();
      chunks++;
      if (text.length >= wanted) done();
    });
    socket.on("error", reject);
    socket.on("end", done);
    socket.write(INCR);
  });
}

Deno.test("a connection ends with a FIN inside the reply, which was executed", async () => {
  await withFault({ kind: "limit-data" }, async (port, counter) => {
    assertEquals((await collect(port, 4)).text, ":1");
    assertEquals(counter.count, 1);
  });
});

Deno.test("a command that is sent again is executed twice and answered once", async () => {
  await withFault({ kind: "resend" }, async (port, counter) => {
    assertEquals(await increment(port), ":2\r\n");
    assertEquals(counter.count, 2);
  });
});

/** A proxy before a counter, with a trouble that can be changed. */
async function withTrouble(
  test: (proxy: FaultProxy, counter: Counter, put: (trouble: Trouble) => void) => Promise<void>,
): Promise<void> {
  await using counter = new Counter();
  let trouble: Trouble | undefined;
  await using proxy = await FaultProxy.listen({
    upstream: { host: "127.0.0.1", port: await counter.listen() },
    trouble: () => trouble,
  });
  await test(proxy, counter, (next) => trouble = next);
}

Deno.test("a slicer sends a reply byte by byte", async () => {
  await withTrouble(async (proxy, _, put) => {
    assertEquals((await collect(proxy.port, 4)).chunks, 1);
    put({ kind: "slicer" });
    const { text, chunks } = await collect(proxy.port, 4);
    assertEquals(text, ":2\r\n");
    assertEquals(chunks > 1, true);
  });
});

Deno.test("a narrow link takes its time for every byte, either way", async () => {
  await withTrouble(async (proxy, _, put) => {
    put({ kind: "bandwidth", bytesPerMs: 0.5 });
    const startedAtMs = performance.now();
    await increment(proxy.port);
    assertEquals(performance.now() - startedAtMs >= 2 * (INCR.length + 4) - 5, true);
  });
});

Deno.test("a connection that is half open is silent, and a new one works", async () => {
  await withTrouble(async (proxy, counter) => {
    const old = connect({ host: "127.0.0.1", port: proxy.port });
    const heard: string[] = [];
    old.on("data", (chunk) => heard.push(Buffer.from(chunk).toString()));
    old.on("close", () => heard.push("closed"));
    old.write(INCR);
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    proxy.halfOpenAll();
    old.write(INCR);
    assertEquals(await increment(proxy.port), ":2\r\n");
    assertEquals([heard, counter.count], [[":1\r\n"], 2]);
    old.destroy();
  });
});

Deno.test("a deaf link loses what answers nothing, and passes replies on", async () => {
  const pushed = ">2\r\n+message\r\n+x\r\n";
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write(`${pushed}:1\r\n`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const upstream = { host: "127.0.0.1", port: (server.address() as { port: number }).port };
  for (const isDeaf of [false, true]) {
    await using proxy = await FaultProxy.listen({
      upstream,
      trouble: () => isDeaf ? { kind: "deaf" } : undefined,
    });
    const expected = `${isDeaf ? "" : pushed}:1\r\n`;
    assertEquals((await collect(proxy.port, expected.length)).text, expected);
  }
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("messages of both protocol versions are found, however they are cut into pieces", () => {
  const messages = [
    "+OK\r\n",
    ":12\r\n",
    "$5\r\nhello\r\n",
    "$-1\r\n",
    "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
    "%1\r\n+key\r\n#t\r\n",
    ">2\r\n+message\r\n$2\r\n\r\n\r\n",
    "|1\r\n+ttl\r\n:1\r\n*0\r\n",
    "_\r\n",
  ];
  const bytes = encode(messages.join(""));
  for (const size of [1, 2, 7, bytes.length]) {
    const reader = new FrameReader();
    const found: string[] = [];
    for (let offset = 0; offset < bytes.length; offset += size) {
      for (const frame of reader.take(bytes.subarray(offset, offset + size))) {
        found.push(new TextDecoder().decode(frame));
      }
    }
    assertEquals(found, messages);
  }
  assertEquals(frameEnd(encode("$5\r\nhel"), 0), -1);
  const words = commandWords(INCR).map((word) => new TextDecoder().decode(word));
  assertEquals(words, ["INCR", "k"]);
});
