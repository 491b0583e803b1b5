import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fillFolder } from "../scripts/servers/cache.ts";
import { deriveSource } from "../scripts/servers/debian_sources.ts";
import { processState } from "../scripts/servers/process_state.ts";
import {
  findServer,
  isMissing,
  SERVER_KINDS,
  type ServerExecutable,
} from "../scripts/servers/provision.ts";
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

async function withEnv(name: string, value: string, body: () => Promise<void>): Promise<void> {
  const before = Deno.env.get(name);
  Deno.env.set(name, value);
  try {
    await body();
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
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

describe("finding a server", () => {
  it("says which variable names no program", async () => {
    await withEnv("HAKGAL_REDIS_SERVER", "/nowhere/redis-server", async () => {
      const error = await assertRejects(() => findServer("redis", { provision: true }), Error);
      assertStringIncludes(error.message, 'HAKGAL_REDIS_SERVER is "/nowhere/redis-server"');
      assertStringIncludes(error.message, "Set HAKGAL_REDIS_SERVER to the path of");
    });
  });

  it("says when the program is no server", async () => {
    await withEnv("HAKGAL_VALKEY_SERVER", Deno.execPath(), async () => {
      await assertRejects(() => findServer("valkey"), Error, "is no Redis or Valkey server");
    });
  });

  it("says when it is another server", async () => {
    const dir = await Deno.makeTempDir();
    try {
      const path = `${dir}/valkey-server`;
      await Deno.writeTextFile(path, "#!/bin/sh\necho 'Redis server v=7.0.15 sha=0'\n", {
        mode: 0o755,
      });
      await withEnv("HAKGAL_VALKEY_SERVER", path, async () => {
        await assertRejects(() => findServer("valkey"), Error, "which is redis 7.0.15");
      });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

  it("honours a URL, which cannot be started", async () => {
    await withEnv("HAKGAL_REDIS_SERVER", "rediss://user:secret@127.0.0.1:6390", async () => {
      const found = await findServer("redis");
      assertEquals(found, {
        kind: "redis",
        origin: "environment",
        url: "rediss://user:secret@127.0.0.1:6390",
      });
      assert(!isMissing(found));
      const error = await assertRejects(
        () => startServer(found),
        Error,
        "cannot be started or killed",
      );
      assert(!error.message.includes("secret"));
    });
  });

  it("refuses a URL of something else", async () => {
    await withEnv("HAKGAL_REDIS8_SERVER", "http://:secret@127.0.0.1", async () => {
      const error = await assertRejects(() => findServer("redis8"), Error, "rediss:// URL");
      assert(!error.message.includes("secret"));
    });
  });

  it("fetches nothing unless it is asked to", async () => {
    const cache = await Deno.makeTempDir();
    const path = Deno.env.get("PATH")!;
    const own = await Deno.makeTempDir();
    try {
      await withEnv("PATH", `${own}:${path}`, async () => {
        await Deno.writeTextFile(`${own}/valkey-server`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
        await withEnv("HAKGAL_VALKEY_SERVER", "", async () => {
          await withEnv("HAKGAL_CACHE_DIR", cache, async () => {
            const found = await findServer("valkey");
            assert(isMissing(found));
            assertStringIncludes(found.missing, "HAKGAL_VALKEY_SERVER");
            assertEquals(await exists(`${cache}/servers`), false);
          });
        });
      });
    } finally {
      await Deno.remove(cache, { recursive: true });
      await Deno.remove(own, { recursive: true });
    }
  });
});

describe("filling a folder of the cache", () => {
  it("leaves one whole folder when several do it at once", async () => {
    const parent = await Deno.makeTempDir();
    try {
      const { promise, resolve } = Promise.withResolvers<void>();
      let arrived = 0;
      const fill = async (staging: string): Promise<void> => {
        if (++arrived === 3) resolve();
        await promise;
        await Deno.writeTextFile(`${staging}/file`, "whole");
      };
      await Promise.all([1, 2, 3].map(() => fillFolder(`${parent}/it`, fill)));
      assertEquals(Array.from(Deno.readDirSync(parent), ({ name }) => name), ["it"]);
      assertEquals(await Deno.readTextFile(`${parent}/it/file`), "whole");
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });

  it("leaves alone what another is filling, but not what was abandoned", async () => {
    const parent = await Deno.makeTempDir();
    try {
      const abandoned = `${parent}/.staging-abandoned`;
      await Deno.mkdir(abandoned);
      await Deno.utime(abandoned, 0, 0);
      await fillFolder(`${parent}/slow`, async (folder) => {
        assertEquals(await exists(abandoned), false);
        await Deno.writeTextFile(`${folder}/file`, "whole");
        // As unpacking a package does.
        await Deno.utime(folder, 0, 0);
        await fillFolder(`${parent}/quick`, () => Promise.resolve());
      });
      assertEquals(await Deno.readTextFile(`${parent}/slow/file`), "whole");
      assertEquals(Array.from(Deno.readDirSync(parent)).length, 2);
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });

  it("leaves nothing when it fails", async () => {
    const parent = await Deno.makeTempDir();
    try {
      await assertRejects(
        () => fillFolder(`${parent}/it`, () => Promise.reject(new Error("no network"))),
        Error,
        "no network",
      );
      assertEquals(Array.from(Deno.readDirSync(parent)), []);
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });
});

describe("deriving an apt source", () => {
  it("takes the first stanza of the archive, without its comments", () => {
    const text = `Types: deb
URIs: http://other.example/tool
Suites: nodistro
Components: main

Types: deb deb-src
# http://snapshot.example/20250520T000000Z
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;
    assertEquals(deriveSource("debian.sources", text, ["bookworm", "bookworm-backports"]), {
      fileName: "derived.sources",
      text: `Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
    });
  });

  it("reads the classic form", () => {
    const text = `# deb cdrom:[Debian]/ bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # comment
`;
    assertEquals(deriveSource("sources.list", text, ["trixie"]), {
      fileName: "derived.list",
      text: "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main\n",
    });
  });

  it("finds none where there is none", () => {
    assertEquals(
      deriveSource("a.list", "deb http://x.example bookworm-pgdg main\n", ["x"]),
      undefined,
    );
    assertEquals(deriveSource("a.sources", "\n\n", ["x"]), undefined);
  });
});
