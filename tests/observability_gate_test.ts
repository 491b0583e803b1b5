// The gate asks a real Prometheus about a day: of services that kept the conditions, and of such that did not.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigError } from "../mod.ts";
import { type GateVerdict, rolloutGate } from "../observability/gate.ts";
import { run } from "../scripts/servers/run.ts";
import { monitoringTools, Prometheus } from "./support/monitoring.ts";

const HOURS = 24;
const MINUTES = HOURS * 60;

/** What a service measured, by the minutes since the beginning. */
interface Service {
  readonly recovered?: (minute: number) => number;
  readonly failed?: (minute: number) => number;
  readonly p99?: (minute: number) => number;
  readonly calls?: (minute: number) => number;
  /** Whether it was scraped then. */
  readonly isWatched?: (minute: number) => boolean;
  readonly alert?: string;
}

/** Services with one failure, each half a minute after the one before: between two looks it must not be missed. */
const UNLUCKY = Array.from({ length: 10 }, (_, index) => `unlucky-${index}`);

const SERVICES: Readonly<Record<string, Service>> = {
  healthy: { recovered: (minute) => minute * 40, failed: (minute) => Math.floor(minute / 1_000) },
  ...Object.fromEntries(UNLUCKY.map((name, index) => [name, {
    failed: (minute: number) => minute < 1_000 + index / 2 ? 0 : 1,
    isWatched: (minute: number) => minute > 980 && minute < 1_020,
  }])),
  idle: { recovered: () => 7, p99: () => NaN, calls: () => 3 },
  failing: { failed: (minute) => Math.max(0, minute - 500) * (minute < 510 ? 2 : 0) },
  slow: { p99: (minute) => minute >= 1_000 && minute < 1_003 ? 0.35 : 0.01 },
  flickering: { p99: (minute) => minute === 1_000 ? 0.35 : 0.01 },
  young: { isWatched: (minute) => minute > MINUTES - 100 },
  alarmed: { alert: "HakgalSessionOutage" },
};

/** A day of history, in OpenMetrics's text. */
function history(endMs: number): string {
  const at = (minute: number) => Math.floor((endMs - (MINUTES - minute) * 60_000) / 1_000);
  const families: string[] = [];
  const family = (
    name: string,
    type: "counter" | "gauge",
    value: (service: Service, minute: number) => number | undefined,
    labels = "",
  ) => {
    families.push(`# TYPE ${name.replace(/_total$/, "")} ${type}`);
    for (const [job, service] of Object.entries(SERVICES)) {
      for (let minute = 0; minute <= MINUTES; minute += 0.5) {
        const now = service.isWatched?.(minute) === false ? undefined : value(service, minute);
        if (now !== undefined) families.push(`${name}{job="${job}"${labels}} ${now} ${at(minute)}`);
      }
    }
  };
  const steadily = (minute: number) => minute * 10;
  family("hakgal_session_recovery_total", "counter", ({ recovered = steadily }, m) => recovered(m));
  family(
    "hakgal_session_recovery_failures_total",
    "counter",
    ({ failed = () => 0 }, m) => failed(m),
  );
  family("hakgal_session_calls_total", "counter", ({ calls = steadily }, m) => calls(m));
  family("hakgal_session_redis_latency_p99", "gauge", ({ p99 = () => 0.01 }, m) => p99(m));
  family(
    "ALERTS",
    "gauge",
    ({ alert }, minute) => alert && minute === 500 ? 1 : undefined,
    `,alertname="HakgalSessionOutage",alertstate="firing",severity="incident"`,
  );
  families.push("# TYPE redis_memory_used_bytes gauge");
  for (const [job, bytes] of [["redis", 4e8], ["full-redis", 1.2e9]] as const) {
    for (let minute = 0; minute <= MINUTES; minute += 5) {
      families.push(`redis_memory_used_bytes{job="${job}"} ${bytes} ${at(minute)}`);
    }
  }
  return `${families.join("\n")}\n# EOF\n`;
}

Deno.test("a rollout may go on when a day kept the seed's conditions, and only then", async (t) => {
  const { promtool } = await monitoringTools();
  const folder = await Deno.makeTempDir({ prefix: "hakgal-gate-" });
  try {
    await Deno.writeTextFile(`${folder}/history.txt`, history(Date.now()));
    const made = await run([
      ...[promtool, "tsdb", "create-blocks-from", "openmetrics"],
      ...[`${folder}/history.txt`, `${folder}/blocks`],
    ]);
    assertEquals(made.code, 0, made.stderr);
    await using prometheus = await Prometheus.start({}, 1_000, `${folder}/blocks`);
    const gate = (job: string, redisJob = "redis") =>
      rolloutGate({ prometheus: prometheus.url, hours: HOURS, job, redisJob });
    const unmet = ({ conditions }: GateVerdict) =>
      conditions.filter(({ isMet }) => !isMet).map(({ name }) => name);
    const reason = ({ conditions }: GateVerdict, name: string) =>
      conditions.find((condition) => condition.name === name)!.reason;

    await t.step("a service that kept them: go", async () => {
      const verdict = await gate("healthy");
      assertEquals([verdict.isGo, unmet(verdict)], [true, []], JSON.stringify(verdict, null, 1));
      assertMatch(reason(verdict, "memory"), /up to 0\.40 GB/);
      assertMatch(reason(verdict, "latency"), /up to 10 ms/);
      assertEquals((await gate("flickering")).isGo, true);
    });
    await t.step("more than 1 % of the recoveries failed for a while: no-go", async () => {
      const verdict = await gate("failing");
      assertEquals([verdict.isGo, unmet(verdict)], [false, ["recovery"]]);
      assertMatch(
        reason(verdict, "recovery"),
        /In the worst 5 minutes 1\d(\.\d)? % of the recoveries/,
      );
    });
    await t.step("one failure of 50 is enough, whenever it was", async () => {
      for (const name of UNLUCKY) assertEquals(unmet(await gate(name)), ["watched", "recovery"]);
    });
    await t.step("the store was slow for some minutes: no-go", async () => {
      const verdict = await gate("slow");
      assertEquals(unmet(verdict), ["latency"]);
      assertMatch(reason(verdict, "latency"), /up to 350 ms for a minute; at most 200 ms/);
    });
    await t.step("Redis used more than 1 GB, or nobody measured it: no-go", async () => {
      assertEquals(unmet(await gate("healthy", "full-redis")), ["memory"]);
      const verdict = await gate("healthy", "no-redis");
      assertEquals(unmet(verdict), ["memory"]);
      assertStringIncludes(reason(verdict, "memory"), "redis_exporter");
    });
    await t.step("it was watched for two hours only, or had no traffic: no-go", async () => {
      const young = await gate("young");
      assertEquals(unmet(young), ["watched"]);
      assertMatch(reason(young, "watched"), /data for (6\.9|7) % of the last 24 hours/);
      assertEquals(unmet(await gate("idle")), ["traffic", "latency"]);
      assertEquals(unmet(await gate("nobody")), ["watched", "traffic", "latency"]);
    });
    await t.step("an incident was alerted: no-go, and its name", async () => {
      const verdict = await gate("alarmed");
      assertEquals(unmet(verdict), ["incidents"]);
      assertStringIncludes(reason(verdict, "incidents"), "HakgalSessionOutage");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a Prometheus that cannot be asked is an error of one sentence", async () => {
  const refused = await assertRejects(
    () => rolloutGate({ prometheus: "http://127.0.0.1:1" }),
    ConfigError,
    "Prometheus at http://127.0.0.1:1 cannot be reached",
  );
  assert(!refused.message.includes("\n"));
  await assertRejects(() => rolloutGate({ prometheus: "localhost" }), ConfigError, "is a URL");
  await assertRejects(
    () => rolloutGate({ prometheus: "http://127.0.0.1:1", hours: 0 }),
    ConfigError,
    "from 1 to 720",
  );
});

Deno.test("what is no Prometheus is told so", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<html>", { status: 404 }),
  );
  try {
    await assertRejects(
      () => rolloutGate({ prometheus: `http://127.0.0.1:${server.addr.port}/prometheus/` }),
      ConfigError,
      "/prometheus answers status 404 and no JSON",
    );
  } finally {
    await server.shutdown();
  }
});
