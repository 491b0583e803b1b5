import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fillFolder } from "../scripts/servers/cache.ts";
import { deriveSource } from "../scripts/servers/debian_sources.ts";
import { findServer, isMissing } from "../scripts/servers/provision.ts";
import { startServer } from "../scripts/servers/server.ts";

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
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
