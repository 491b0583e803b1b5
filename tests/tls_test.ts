/** TLS and logins of the three clients: what works, and each fault told from the others and from an outage. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  ConfigError,
  type OpenOptions,
  SessionError,
  SessionManager,
  StoreRejectedError,
  StoreUnavailableError,
  tenantAclRules,
} from "../mod.ts";
import { valkeyGlideAdapter } from "../adapters/valkey_glide.ts";
import { print } from "../scripts/print.ts";
import { pickPort } from "../scripts/servers/ports.ts";
import { SERVER_KINDS, type ServerKind } from "../scripts/servers/provision.ts";
import { type RunningServer, startServer } from "../scripts/servers/server.ts";
import { makeTlsFiles, type TlsFiles } from "../scripts/servers/tls.ts";
import { BACKENDS, LEAKY, loginOf } from "./acl_support.ts";
import { ADAPTERS, CALL, POD_KEY, until } from "./redis_support.ts";
import { serverBinary } from "./support/servers.ts";

const LOGIN = { username: "app", password: "secret" };
const USERS = [
  "default off",
  "app on >secret ~* &* +@all",
  "poor on >secret ~* &* +@all -hset -pexpireat",
  `${loginOf("acme").username} on >${loginOf("acme").password} ${tenantAclRules("acme").join(" ")}`,
];

const read = (path: string): Promise<string> => Deno.readTextFile(path);

async function start(
  files: TlsFiles,
  options: { readonly authClients?: boolean; readonly kind?: ServerKind } = {},
): Promise<RunningServer> {
  const { kind = "redis", authClients = false } = options;
  return await startServer(await serverBinary(kind), {
    tls: { ...files, authClients },
    acl: USERS,
  });
}

for (const kind of SERVER_KINDS) {
  for (const backend of BACKENDS) {
    Deno.test(
      `${backend} on ${kind}: TLS with an own CA, user and password, a tenant's login included`,
      LEAKY,
      async () => {
        await using files = await makeTlsFiles();
        await using server = await start(files, { kind });
        await using manager = await SessionManager.open({
          ...{ backend, url: server.url, tls: { ca: await read(files.ca) }, ...LOGIN },
          credentials: loginOf,
        });
        const acme = manager.tenant("acme");
        await acme.getOrCreate("user");
        assertEquals(await acme.increment("user", "n"), 1);
        const lines = String(await server.command("CLIENT", "LIST")).split("\n");
        assert(lines.some((line) => line.includes("user=tenant-acme")));
      },
    );
  }
}

/** A fault, and how it is told. */
interface Fault {
  readonly name: string;
  readonly options: OpenOptions;
  /** The error's code. */
  readonly code: string;
  /** What the message says to do. */
  readonly advice: RegExp;
}

Deno.test(
  "each fault is told from the others, and from an outage, by every client",
  LEAKY,
  async (t) => {
    await using files = await makeTlsFiles();
    await using others = await makeTlsFiles();
    await using named = await makeTlsFiles({ names: ["redis.internal"] });
    await using expired = await makeTlsFiles({ notAfter: new Date(Date.now() - 3_600_000) });
    await using plain = await start(files);
    await using elsewhere = await start(named);
    await using old = await start(expired);
    await using mutual = await start(files, { authClients: true });
    const ca = await read(files.ca);
    const tls = { ca };
    const { url } = plain;
    const faults: Fault[] = [
      {
        name: "the CA is another",
        options: { url, ...LOGIN, tls: { ca: await read(others.ca) } },
        code: "TLS",
        advice: /tls\.ca/,
      },
      { name: "no CA is given", options: { url, ...LOGIN }, code: "TLS", advice: /tls\.ca/ },
      {
        name: "the certificate is another host's",
        options: { url: elsewhere.url, ...LOGIN, tls: { ca: await read(named.ca) } },
        code: "TLS",
        advice: /tls\.servername/,
      },
      {
        name: "the certificate has expired",
        options: { url: old.url, ...LOGIN, tls: { ca: await read(expired.ca) } },
        code: "TLS",
        advice: /expired.*Renew/,
      },
      {
        name: "a client's certificate is asked for",
        options: { url: mutual.url, ...LOGIN, tls },
        code: "TLS",
        advice: /tls\.cert and tls\.key/,
      },
      {
        name: "TLS to a port without",
        // A part of this time is waited for the handshake.
        options: {
          url: `rediss://127.0.0.1:${plain.port}`,
          ...LOGIN,
          tls,
          commandTimeoutMs: 2_000,
        },
        code: "TLS",
        advice: /redis:\/\/ instead/,
      },
      {
        name: "no TLS to a port with",
        options: { url: url.replace("rediss:", "redis:"), ...LOGIN },
        code: "TLS",
        advice: /rediss:\/\/ instead/,
      },
      {
        name: "the password is wrong",
        options: { url, tls, ...LOGIN, password: "wrong-one" },
        code: "WRONGPASS",
        advice: /username and password/,
      },
      { name: "no login is given", options: { url, tls }, code: "NOAUTH", advice: /give username/ },
      {
        name: "a permission is missing",
        options: { url, tls, ...LOGIN, username: "poor" },
        code: "NOPERM",
        advice: /HSET.*PEXPIREAT.*Grant/,
      },
      {
        name: "nobody is there",
        options: { url: `redis://127.0.0.1:${pickPort()}`, ...LOGIN, failMode: "closed" },
        code: "STORE_UNAVAILABLE",
        advice: /cannot be reached/,
      },
    ];
    const rows: string[] = [];
    for (const backend of BACKENDS) {
      for (const { name, options, code, advice } of faults) {
        await t.step(`${backend}: ${name}`, async () => {
          const error = await refusal({ commandTimeoutMs: 4_000, ...options, backend });
          rows.push(
            `  ${backend.padEnd(13)}${name.padEnd(36)}${error.code.padEnd(18)}${error.message}`,
          );
          assertEquals(error.code, code, error.message);
          assert(advice.test(error.message), error.message);
          assert(!error.message.includes("wrong-one"));
          const isOutage = code === "STORE_UNAVAILABLE";
          assert(error instanceof (isOutage ? StoreUnavailableError : StoreRejectedError));
        });
      }
    }
    print(`\n${rows.join("\n")}`);
  },
);

/** What opening rejects with. */
async function refusal(options: OpenOptions): Promise<SessionError> {
  try {
    await (await SessionManager.open(options)).close();
  } catch (error) {
    if (error instanceof SessionError) return error;
    throw error;
  }
  throw new Error("it opened");
}

for (const backend of ["ioredis", "node-redis"] as const) {
  Deno.test(`${backend}: a server name, and a client's certificate`, LEAKY, async () => {
    await using named = await makeTlsFiles({ names: ["redis.internal"] });
    await using server = await start(named, { authClients: true });
    const tls = {
      ca: await read(named.ca),
      cert: await read(named.clientCert),
      key: await read(named.clientKey),
      servername: "redis.internal",
    };
    await using manager = await SessionManager.open({ backend, url: server.url, tls, ...LOGIN });
    assertEquals((await manager.tenant("acme").getOrCreate("user")).degraded, false);

    await using others = await makeTlsFiles();
    const foreign = { cert: await read(others.clientCert), key: await read(others.clientKey) };
    const error = await refusal({
      backend,
      url: server.url,
      ...LOGIN,
      tls: { ...tls, ...foreign },
    });
    assertEquals(error.code, "TLS");
    assertStringIncludes(error.message, "an authority that the server trusts");
  });

  Deno.test(
    `${backend}: a certificate that is no longer trusted is an outage, with its reason`,
    LEAKY,
    async () => {
      await using files = await makeTlsFiles();
      await using others = await makeTlsFiles();
      await using server = await start(files);
      const tls = { ca: await read(files.ca) };
      const adapter = ADAPTERS[backend]!({ url: server.url, tls, ...LOGIN });
      try {
        await adapter.open({ ...CALL, podKey: POD_KEY });
        await Deno.copyFile(others.cert, files.cert);
        await Deno.copyFile(others.key, files.key);
        await server.restart();
        await until(async () => {
          const key = "hakgal:tenant:acme:session:user";
          const error = await adapter.load(key, { tombstoneMs: 1_000 }, CALL).catch((error) =>
            error
          );
          assert(error instanceof StoreUnavailableError, String(error));
          return /No authority.*tls\.ca/.test(error.message);
        });
      } finally {
        await adapter.close();
      }
    },
  );
}

Deno.test("what GLIDE has no public option for is a ConfigError that says so", () => {
  for (const option of ["cert", "key", "servername"]) {
    const tls = { [option]: "text" };
    const error = assertThrows(
      () => valkeyGlideAdapter({ url: "rediss://localhost", tls }),
      ConfigError,
    );
    assertEquals(error.option, `tls.${option}`);
    assertStringIncludes(error.message, "no public option");
  }
});

Deno.test("what is no PEM text, and half a client's certificate, is a ConfigError", () => {
  const pem = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----";
  const cases = {
    "tls.ca": { ca: "/etc/ca.pem" },
    "tls.key": { cert: pem },
    "tls.cert": { key: pem },
  };
  for (const [option, tls] of Object.entries(cases)) {
    for (const backend of ["ioredis", "node-redis"]) {
      const error = assertThrows(() => ADAPTERS[backend]!({ url: "rediss://x", tls }), ConfigError);
      assertEquals(error.option, option);
    }
  }
});
