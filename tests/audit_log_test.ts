// What the audit log says of calls, and what a sink that fails costs.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { AuditQueue, type Gap } from "../core/audit_queue.ts";
import {
  type AuditLevel,
  type AuditOptions,
  type AuditRecord,
  ConfigError,
  type SessionEvents,
  SessionManager,
  SessionNotFoundError,
  verifyAudit,
} from "../mod.ts";
import { until } from "./redis_support.ts";

const SECRET = "an-id-secret";

/** A manager on memory whose audit lines the test gets. */
async function audited(
  audit: AuditOptions,
  body: (manager: SessionManager) => Promise<void>,
  idSecret: string | null = SECRET,
): Promise<string[]> {
  const lines: string[] = [];
  const sink = (line: string) => void lines.push(line);
  const secret = idSecret === null ? {} : { idSecret };
  const manager = await SessionManager.open({
    ...{ backend: "memory", ...secret },
    audit: { sink, ...audit },
  });
  try {
    await body(manager);
  } finally {
    await manager.close();
  }
  return lines;
}

function recordsOf(lines: readonly string[]): AuditRecord[] {
  return lines.map((line) => JSON.parse(line));
}

function callsOf(lines: readonly string[]): AuditRecord[] {
  return recordsOf(lines).filter(({ event }) => event === "call");
}

/** Runs `body` with just these variables of the audit log's set, and puts back what was there. */
async function withVariables(
  variables: Record<string, string>,
  body: () => Promise<void>,
): Promise<void> {
  const names = ["AUDIT_LEVEL", "HAKGAL_SESSION_AUDIT_PATH"];
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  for (const name of names) Deno.env.delete(name);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

Deno.test("at the level metadata a line says who did what to which session, and how it ended", async () => {
  const lines = await audited({}, async (manager) => {
    const acme = manager.tenant("acme");
    await acme.getOrCreate("user-42", { plan: "free" });
    await acme.get("user-42");
    await acme.get("user-42", { fresh: true });
    await assertRejects(() => acme.increment("user-43", "n"), SessionNotFoundError);
    await acme.rotate("user-42", "user-42-b");
    await acme.recover(["user-42-b", "user-44"]);
    await Array.fromAsync(acme.list());
    await acme.destroy("user-42-b");
  });
  const records = recordsOf(lines);
  assertEquals(records.map(({ event }) => event), [
    ...["opened", ...Array(8).fill("call"), "closed"],
  ]);
  const calls = callsOf(lines);
  assertEquals(calls.map(({ operation, outcome, source }) => [operation, outcome, source]), [
    ["getOrCreate", "ok", "store"],
    ["get", "ok", "memory"],
    ["get", "ok", "store"],
    ["increment", "SESSION_NOT_FOUND", "store"],
    ["rotate", "ok", "store"],
    ["recover", "ok", "store"],
    ["list", "ok", "store"],
    ["destroy", "ok", "store"],
  ]);
  const [created, , , , rotated, recovered, listed, destroyed] = calls;
  assert(calls.every(({ tenant, payload }) => tenant === "acme" && payload === undefined));
  assertMatch(created!.session!, /^[0-9a-f]{64}$/);
  assertEquals([rotated!.session, rotated!.to], [created!.session, destroyed!.session]);
  assertEquals(recovered!.sessions!.length, 2);
  assertEquals([recovered!.sessions![0], listed!.session], [destroyed!.session, undefined]);
  assert((await verifyAudit([{ name: "lines", lines }], { idSecret: SECRET })).isIntact);
});

Deno.test("no level and no secret puts an id into a line, and the hashed id is the store's", async () => {
  for (const level of ["metadata", "full"] as const) {
    for (const secret of [SECRET, null]) {
      let listed: string | undefined;
      const lines = await audited({ level }, async (manager) => {
        const acme = manager.tenant("acme");
        await acme.getOrCreate("id-in-clear", { plan: "free" });
        for await (const { hashedId } of acme.list()) listed = hashedId;
        await acme.rotate("id-in-clear", "id-in-clear-2");
        await acme.recover(["id-in-clear-2"]);
        await acme.get("id-in-clear".repeat(100)).catch(() => {});
      }, secret);
      assertEquals(lines.join("\n").includes("id-in-clear"), false);
      assertEquals(callsOf(lines)[0]!.session, listed);
    }
  }
});

Deno.test("at the level full the payload is there, as it was when the call began, and redacted by field name", async () => {
  const redact = ["email", "TOKEN", "append"];
  const lines = await audited({ level: "full", redact }, async (manager) => {
    const acme = manager.tenant("acme");
    await acme.getOrCreate("u", {
      plan: "free",
      email: "a@b.c",
      deep: { token: { of: "x" }, n: 1 },
    });
    const patch = { risk: "low", Email: "x@y.z", old: undefined };
    const call = acme.updateContext("u", patch);
    patch.risk = "changed afterwards";
    await call;
    await acme.increment("u", "count", 2);
    await acme.increment("u", "token_", 1);
    await acme.update("u", ({ count }) => ({ count: count * 3 }));
    await acme.apply("u", { set: { a: 1 }, increment: { count: 1 }, append: [0.5, 1] });
    await acme.appendTrajectory("u", new Float32Array([0.5, 1]));
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    await acme.updateContext("u", cyclic).catch(() => {});
    await acme.updateContext("u", { big: 10n }).catch(() => {});
    await acme.touch("u");
  });
  assertEquals(callsOf(lines).map(({ payload }) => payload), [
    { initial: { plan: "free", email: "[redacted]", deep: { token: "[redacted]", n: 1 } } },
    { patch: { risk: "low", Email: "[redacted]", old: "[deleted]" } },
    { increment: { count: 2 } },
    { increment: { token_: 1 } },
    {
      context: {
        ...{ plan: "free", email: "[redacted]", deep: { token: "[redacted]", n: 1 } },
        ...{ risk: "low", Email: "[redacted]" },
        ...{ count: 6, token_: 1 },
      },
    },
    { changes: { set: { a: 1 }, increment: { count: 1 }, append: "[redacted]" } },
    { vector: [0.5, 1] },
    "[not JSON]",
    { patch: { big: "10" } },
    undefined,
  ]);
});

Deno.test("a level may be in upper or lower case, and off writes nothing", async () => {
  const body = async (manager: SessionManager) => {
    await manager.tenant("acme").getOrCreate("u", { plan: "free" });
  };
  for (const level of ["full", "FULL"] as const) {
    assertEquals(callsOf(await audited({ level }, body))[0]!.payload, {
      initial: { plan: "free" },
    });
  }
  for (const level of ["off", "OFF"] as const) {
    assertEquals(await audited({ level }, body), []);
  }
});

Deno.test("AUDIT_LEVEL sets the level, and the option wins", async () => {
  await withVariables({ AUDIT_LEVEL: "FULL" }, async () => {
    const body = async (manager: SessionManager) => {
      await manager.tenant("acme").getOrCreate("u", { plan: "free" });
    };
    assertEquals(recordsOf(await audited({}, body))[0]!.level, "full");
    assertEquals(recordsOf(await audited({ level: "metadata" }, body))[0]!.level, "metadata");
    assertEquals(await audited({ level: "off" }, body), []);
    await using manager = await SessionManager.open({ backend: "memory", audit: { level: "off" } });
    assertEquals(manager.status().store, "up");
  });
  await withVariables({ AUDIT_LEVEL: "off" }, async () => {
    assertEquals(await audited({}, () => Promise.resolve()), []);
  });
});

Deno.test("AUDIT_LEVEL without a place for the lines is an error that names the place", async () => {
  await withVariables({ AUDIT_LEVEL: "FULL" }, async () => {
    const error = await assertRejects(
      () => SessionManager.open({ backend: "memory" }),
      ConfigError,
    );
    assertEquals(error.option, "audit.sink");
    assertStringIncludes(error.message, "HAKGAL_SESSION_AUDIT_PATH");
  });
});

Deno.test("the environment alone makes an audit log", async () => {
  const path = await Deno.makeTempFile({ prefix: "hakgal-audit-" });
  try {
    const variables = { AUDIT_LEVEL: "FULL", HAKGAL_SESSION_AUDIT_PATH: path };
    await withVariables(variables, async () => {
      await using manager = await SessionManager.open({ backend: "memory" });
      await manager.tenant("acme").getOrCreate("u", { plan: "free" });
    });
    const lines = (await Deno.readTextFile(path)).trim().split("\n");
    assertEquals(callsOf(lines)[0]!.payload, { initial: { plan: "free" } });
  } finally {
    for (const file of [path, `${path}.head`]) await Deno.remove(file);
  }
});

Deno.test("an unknown level, sink or name is a ConfigError of one sentence", async () => {
  const sink = () => {};
  const bad: readonly (readonly [object, string])[] = [
    [{ level: "verbose", sink }, "audit.level"],
    [{ level: "full" }, "audit.sink"],
    [{ sink: "" }, "audit.sink"],
    [{ sink: 7 }, "audit.sink"],
    [{ sink, redact: "email" }, "audit.redact"],
    [{ sink, maxFileBytes: 10 }, "audit.maxFileBytes"],
    [{ sink, levle: "full" }, "audit.levle"],
  ];
  for (const [audit, option] of bad) {
    const error = await assertRejects(
      () => SessionManager.open({ backend: "memory", audit: audit as AuditOptions }),
      ConfigError,
    );
    assertEquals(error.option, option);
  }
  await withVariables({ AUDIT_LEVEL: "LOUD" }, async () => {
    const error = await assertRejects(
      () => SessionManager.open({ backend: "memory" }),
      ConfigError,
    );
    assertEquals(error.message, `"AUDIT_LEVEL" is off, metadata or full; got "LOUD".`);
    const level: AuditLevel = "off";
    await using manager = await SessionManager.open({ backend: "memory", audit: { level } });
    assertEquals(manager.status().store, "up");
  });
});

Deno.test("a sink that fails fails no call: it is reported, counted and tried again, and no line is lost", async () => {
  const failures: SessionEvents["auditFailed"][] = [];
  const kept: string[] = [];
  let isBroken = true;
  const sink = async (line: string) => {
    await Promise.resolve();
    if (isBroken) throw new Error("the sink is broken");
    kept.push(line);
  };
  const manager = await SessionManager.open({
    backend: "memory",
    idSecret: SECRET,
    audit: { sink },
  });
  manager.on("auditFailed", (failure) => failures.push(failure));
  const acme = manager.tenant("acme");
  await acme.getOrCreate("u");
  await until(() => failures.length > 0);
  assertEquals(await acme.increment("u", "n"), 1);
  assertEquals(failures[0]!.reason, "the sink is broken");
  assertEquals(failures[0]!.lost, 0);
  assert(manager.eventCounts().auditFailed! >= 1);
  isBroken = false;
  await until(() => kept.length >= 3);
  await manager.close();
  assertEquals(callsOf(kept).map(({ operation }) => operation), ["getOrCreate", "increment"]);
  const verdict = await verifyAudit([{ name: "kept", lines: kept }], { idSecret: SECRET });
  assertEquals([verdict.isIntact, verdict.lost], [true, 0]);
});

Deno.test("a sink that fails in the middle gets no line twice", async () => {
  const kept: string[] = [];
  let calls = 0;
  const sink = (line: string) => {
    if (++calls === 3) throw new Error("once");
    kept.push(line);
  };
  const manager = await SessionManager.open({
    backend: "memory",
    idSecret: SECRET,
    audit: { sink },
  });
  const acme = manager.tenant("acme");
  const ids = Array.from({ length: 10 }, (_, number) => `user-${number}`);
  await Promise.all(ids.map((id) => acme.getOrCreate(id)));
  await until(() => kept.length === 11);
  await manager.close();
  assertEquals(
    recordsOf(kept).map(({ seq }) => seq),
    Array.from({ length: 12 }, (_, at) => at + 1),
  );
  assert((await verifyAudit([{ name: "kept", lines: kept }], { idSecret: SECRET })).isIntact);
  assertEquals(manager.eventCounts().auditFailed, 1);
});

Deno.test("a gap that is on its way to the sink does not grow", () => {
  const queue = new AuditQueue();
  const line = "x".repeat(2 ** 24);
  assertEquals([1, 2, 3, 4].map((nowMs) => queue.push(line, nowMs)), [true, true, false, true]);
  const [, , gap] = queue.first(10) as [string, string, Gap];
  assertEquals(gap.lines, 2);
  assertEquals([queue.push(line, 5), gap.lines, queue.size, queue.lost], [false, 2, 4, 3]);
});

Deno.test("a sink that throws at once, and at close too, neither fails calls nor close", async () => {
  const failures: SessionEvents["auditFailed"][] = [];
  const sink = () => {
    throw new Error("never");
  };
  const manager = await SessionManager.open({ backend: "memory", audit: { sink } });
  manager.on("auditFailed", (failure) => failures.push(failure));
  await manager.tenant("acme").getOrCreate("u");
  await manager.close();
  // Opened, the call, closed.
  assertEquals(failures.at(-1)!.lost, 3);
});

Deno.test("a sink that hangs holds up no call and no close, and what found no room is told in the log", async () => {
  const failures: SessionEvents["auditFailed"][] = [];
  const kept: string[] = [];
  const gate = Promise.withResolvers<void>();
  const sink = async (line: string) => {
    await gate.promise;
    kept.push(line);
  };
  const manager = await SessionManager.open({ backend: "memory", audit: { sink } });
  manager.on("auditFailed", (failure) => failures.push(failure));
  const acme = manager.tenant("acme");
  await acme.getOrCreate("u");
  for (let call = 0; call < 10_100; call++) await acme.get("u");
  assertEquals(failures.length, 1, "a gap is told once");
  gate.resolve();
  await until(() => kept.length > 10_000);
  await acme.get("u");
  await manager.close();
  const verdict = await verifyAudit([{ name: "kept", lines: kept }]);
  assert(verdict.isIntact);
  assertEquals(verdict.lost, 1 + 10_100 + 1 - callsOf(kept).length);
  assert(verdict.lost > 0);

  const hanging = await SessionManager.open({
    ...{ backend: "memory", commandTimeoutMs: 50 },
    audit: { sink: () => new Promise<void>(() => {}) },
  });
  await hanging.tenant("acme").getOrCreate("u");
  await hanging.close();
  assert(hanging.eventCounts().auditFailed! >= 1);
});
