import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { processState } from "../scripts/servers/process_state.ts";
import { SERVER_KINDS, type ServerExecutable } from "../scripts/servers/provision.ts";
import { sendCommand } from "../scripts/servers/resp.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { makeTlsFiles } from "../scripts/servers/tls.ts";
import { serverBinary } from "./support/servers.ts";

const binaries: ServerExecutable[] = [];
for (const kind of SERVER_KINDS) binaries.push(await serverBinary(kind));
const first = binaries[0];

async function isGone(pid: number): Promise<boolean> {
  const state = await processState(pid);
  return state === undefined || state === "Z";
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!await condition()) {
    assert(Date.now() < deadline, `not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

for (const binary of binaries) {
  describe(`${binary.kind} ${binary.version} server`, () => {
    it("answers, and leaves nothing behind when it is stopped", async () => {
      const server = await startServer(binary);
      const { pid, dir } = server;
      try {
        assertEquals(await server.command("PING"), "PONG");
        assertEquals(await processState(pid) === undefined, false);
        assertStringIncludes(String(await server.command("INFO", "server")), `:${server.version}`);
        assert(await exists(server.logPath));
      } finally {
        await server.stop();
      }
      assert(await isGone(pid));
      assertEquals(await exists(dir), false);
      assertEquals(server.isRunning, false);
      await server.stop();
    });

    it("leaves nothing behind when the test throws", async () => {
      let left: RunningServer | undefined;
      await assertRejects(
        async () => {
          await using server = await startServer(binary);
          left = server;
          await server.freeze();
          throw new Error("the test failed");
        },
        Error,
        "the test failed",
      );
      assert(left !== undefined);
      assert(await isGone(left.pid));
      assertEquals(await exists(left.dir), false);
    });

    it("keeps its data through SIGKILL with aof, and loses it when restarted empty", async () => {
      await using server = await startServer(binary, { persistence: "aof" });
      const { pid, port } = server;
      assertEquals(await server.command("SET", "schlüssel", "wert €"), "OK");
      await server.kill();
      assert(await isGone(pid));
      assertEquals(server.isRunning, false);
      await assertRejects(() => server.command("PING"), Deno.errors.ConnectionRefused);

      await server.restart();
      assertNotEquals(server.pid, pid);
      assertEquals(server.port, port);
      assertEquals(await server.command("GET", "schlüssel"), "wert €");

      await server.restart({ empty: true });
      assertEquals(await server.command("GET", "schlüssel"), null);
    });

    it("keeps nothing without persistence", async () => {
      await using server = await startServer(binary);
      await server.command("SET", "key", "value");
      await server.restart();
      assertEquals(await server.command("DBSIZE"), 0);
    });

    it("answers nothing while it is frozen, and everything afterwards", async () => {
      await using server = await startServer(binary);
      await server.freeze();
      assertEquals(await processState(server.pid), "T");
      await assertRejects(
        () => sendCommand(["INCR", "n"], { host: server.host, port: server.port, timeoutMs: 200 }),
        Error,
        "did not answer INCR within 200 ms",
      );
      server.resume();
      assertEquals(await server.command("PING"), "PONG");
      await server.freeze();
      await server.kill();
      assert(await isGone(server.pid));
      await assertRejects(() => server.freeze(), Error, "is not running");
      await server.restart();
      assertEquals(await server.command("EXISTS", "n"), 0);
    });

    it("speaks TLS, with and without a client's certificate", async () => {
      await using files = await makeTlsFiles();
      const ca = await Deno.readTextFile(files.ca);
      const cert = await Deno.readTextFile(files.clientCert);
      const key = await Deno.readTextFile(files.clientKey);
      const ping = async (server: RunningServer, options: object): Promise<string> => {
        const { hostname, port } = new URL(server.url);
        using connection = await Deno.connectTls({
          hostname,
          port: Number(port),
          caCerts: [ca],
          ...options,
        });
        await connection.write(new TextEncoder().encode("PING\r\n"));
        const answer = new Uint8Array(64);
        const count = await connection.read(answer);
        return new TextDecoder().decode(answer.subarray(0, count ?? 0));
      };
      await using open = await startServer(binary, { tls: files });
      assertMatch(open.url, /^rediss:/);
      assertEquals(await ping(open, {}), "+PONG\r\n");
      assertEquals(await open.command("PING"), "PONG");
      await assertRejects(() => ping(open, { caCerts: [] }));

      await using closed = await startServer(binary, { tls: { ...files, authClients: true } });
      assertEquals(await ping(closed, { cert, key }), "+PONG\r\n");
      await assertRejects(() => ping(closed, {}));
    });

    it("has the users it is given, and obeys command() as another", async () => {
      await using server = await startServer(binary, {
        acl: ["default off", "app on >secret ~app:* +get"],
      });
      const target = { host: server.host, port: server.port, timeoutMs: 5_000 };
      await assertRejects(() => sendCommand(["PING"], target), Error, "NOAUTH");
      const before = [["AUTH", "app", "secret"]];
      assertEquals(await sendCommand(["GET", "app:1"], { ...target, before }), null);
      await assertRejects(
        () => sendCommand(["GET", "other"], { ...target, before }),
        Error,
        "NOPERM",
      );
      assertEquals(await server.command("SET", "other", "1"), "OK");
    });
  });
}

describe("starting a server", () => {
  it("says that the port is taken", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    await assertRejects(
      () => startServer(first!, { port }),
      Error,
      `port ${port} is taken; end what`,
    );
  });

  it("says so too when the server itself finds a port taken", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    await assertRejects(
      () => startServer(first!, { args: ["--tls-port", "0", "--port", String(port)] }),
      Error,
      "is taken",
    );
  });

  it("finds a port for each of many at once", async () => {
    await using stack = new AsyncDisposableStack();
    const servers = await Promise.all(
      Array.from({ length: 8 }, async () => stack.use(await startServer(first!))),
    );
    assertEquals(new Set(servers.map(({ port }) => port)).size, 8);
  });

  it("shows the end of the log when the server does not start", async () => {
    const error = await assertRejects(
      () => startServer(first!, { args: ["--no-such-setting", "1"] }),
      Error,
      "ended with code 1",
    );
    assertStringIncludes(error.message, "no-such-setting");
  });

  it("notices a server that ends by itself", async () => {
    await using server = await startServer(first!);
    const { pid } = server;
    await server.command("SHUTDOWN", "NOSAVE").catch(() => {});
    await until(() => Promise.resolve(!server.isRunning), "the server ends");
    await server.restart();
    assertNotEquals(server.pid, pid);
    assertEquals(await server.command("PING"), "PONG");
  });

  it("keeps a folder that it was given", async () => {
    const dir = await Deno.makeTempDir();
    try {
      const server = await startServer(first!, { dir, persistence: "aof" });
      await server.command("SET", "key", "value");
      await server.freeze();
      await server.stop();
      assert(await isGone(server.pid));
      await using again = await startServer(first!, { dir, persistence: "aof" });
      assertEquals(await again.command("GET", "key"), "value");
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

  it("takes the server along when this process is killed", async () => {
    const module = new URL("../scripts/servers/server.ts", import.meta.url).href;
    const script = `const { startServer } = await import(${JSON.stringify(module)});
      const { pid, dir } = await startServer(${JSON.stringify(first)});
      Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ pid, dir })));`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-lock", `data:text/javascript,${encodeURIComponent(script)}`],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    const { pid, dir } = JSON.parse(new TextDecoder().decode(value));
    assertEquals(await isGone(pid), false);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await until(() => isGone(pid), "the server is gone");
    await until(async () => !await exists(dir), "its folder is gone");
  });
});
