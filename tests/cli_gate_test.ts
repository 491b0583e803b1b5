// The gate of a rollout: asked of a real Prometheus that scrapes a real run, and of one that fails in every way.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Registry } from "prom-client";
import { SessionManager } from "../mod.ts";
import { prometheusMetrics } from "../observability/prometheus.ts";
import { pickPort } from "../scripts/servers/ports.ts";
import { startServer } from "../scripts/servers/server.ts";
import { command, type CommandResult } from "./cli_support.ts";
import { until } from "./redis_support.ts";
import { Prometheus, startRedisExporter } from "./support/monitoring.ts";
import { serverBinary } from "./support/servers.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on a free port. */
class Http implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async serve(handler: Handler): Promise<Http> {
    const server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Http(server);
  }

  get host(): string {
    const { port } = this.#server.address() as { port: number };
    return `127.0.0.1:${port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** What a stub of Prometheus answers to the gate's queries; undefined: no data. */
interface Values {
  readonly commands?: string | undefined;
  readonly recovered?: string | undefined;
  readonly failed?: string | undefined;
  readonly p99?: string | undefined;
  readonly memory?: string | undefined;
  /** Of 720 moments, those with data. */
  readonly seen?: string | undefined;
  /** Names of incidents. */
  readonly alerts?: readonly string[];
  /** Counts of series that have begun meanwhile. */
  readonly begun?: { readonly commands?: string; readonly failed?: string };
}

const GOOD = {
  ...{ commands: "1000", recovered: "990.4", failed: "0", p99: "0.012", memory: "5e8" },
  seen: "720",
};

/** The values by what the query says; answers in the form that Prometheus 2 and 3 have. */
function stub(values: Values, heard: string[] = []): Handler {
  return (request, response) => {
    const query = new URL(request.url!, "http://stub").searchParams.get("query")!;
    heard.push(query);
    const isBegun = query.includes(" unless ");
    const value = isBegun && query.includes("_failures_total")
      ? values.begun?.failed
      : isBegun && query.includes("latency_seconds")
      ? values.begun?.commands
      : isBegun
      ? undefined
      : query.includes("(count(")
      ? values.seen
      : query.includes("_failures_total")
      ? values.failed
      : query.includes("recovery_total")
      ? values.recovered
      : query.includes("p99")
      ? values.p99
      : query.includes("memory")
      ? values.memory
      : values.commands;
    const series = (value: string, metric = {}) => ({ metric, value: [1767225600.123, value] });
    const result = query.includes("ALERTS")
      ? (values.alerts ?? []).map((alertname) => series("3", { alertname }))
      : value === undefined
      ? []
      : [series(value)];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  };
}

async function gate(url: string, ...more: readonly string[]): Promise<CommandResult> {
  return await command(["rollout", "gate", "--prometheus", url, ...more]);
}

async function gateOn(values: Values, ...more: readonly string[]) {
  await using prometheus = await Http.serve(stub(values));
  const { code, lines } = await gate(prometheus.url, "--json", ...more);
  const answer = JSON.parse(lines[0]!);
  const failed = answer.conditions.filter(({ isMet }: { isMet: boolean }) => !isMet);
  return {
    ...{ code, verdict: answer.verdict, answer },
    failed: failed.map(({ name }: { name: string }) => name),
    reasons: failed.map(({ reason }: { reason: string }) => reason).join("\n"),
  };
}

Deno.test("the gate is open when all conditions of the seed are met, at their limits too", async () => {
  const limits = { ...GOOD, recovered: "99", failed: "1", p99: "0.2", memory: "1e9" };
  for (const values of [GOOD, limits]) {
    const { code, verdict, answer } = await gateOn(values);
    assertEquals([code, verdict, answer.hours], [0, "go", 72]);
  }
  const calm = await gateOn({ ...GOOD, recovered: "0", failed: "0" });
  assertEquals([calm.code, calm.answer.conditions[1].reason], [
    ...[0, "no recovery was tried, and none failed"],
  ]);
});

Deno.test("each condition of the seed closes the gate alone, and says why", async () => {
  const bad: readonly (readonly [Values, string, string])[] = [
    [{ commands: "0" }, "traffic", "nothing was proven"],
    [{ commands: undefined }, "traffic", "let it scrape the pods"],
    [{ recovered: "98", failed: "1" }, "recovery-failures", "1.01 % of 99 recoveries failed"],
    [{ recovered: "0", failed: "1" }, "recovery-failures", "100.00 %"],
    [{ failed: undefined }, "recovery-failures", "no hakgal_session_recovery_failures_total"],
    [{ recovered: undefined }, "recovery-failures", "no hakgal_session_recovery_total"],
    [{ p99: "0.201" }, "latency-p99", "201 ms"],
    [{ p99: "+Inf" }, "latency-p99", "Infinity"],
    [{ p99: "NaN" }, "latency-p99", "no hakgal_session_redis_latency_p99"],
    [{ memory: "1000000001" }, "redis-memory", "1000.0 MB"],
    [{ alerts: ["HakgalSessionOutage", "Z"] }, "incidents", "firing: HakgalSessionOutage, Z"],
    [{ memory: undefined }, "redis-memory", "let it scrape a Redis exporter"],
  ];
  for (const [values, name, reason] of bad) {
    const { code, verdict, failed, reasons } = await gateOn({ ...GOOD, ...values });
    assertEquals([code, verdict, failed], [1, "no-go", [name]]);
    assertStringIncludes(reasons, reason);
  }
});

Deno.test("a series that has begun meanwhile counts with all that it has", async () => {
  const begun = { commands: "12" };
  for (const commands of ["0", undefined]) {
    assertEquals((await gateOn({ ...GOOD, commands, begun })).code, 0);
  }
  const failing = await gateOn({ ...GOOD, recovered: "30", begun: { failed: "3" } });
  assertEquals([failing.code, failing.failed], [1, ["recovery-failures"]]);
});

Deno.test("there has to be data of the whole time, unless a part of it is enough", async () => {
  const young = { ...GOOD, seen: "683" };
  const { code, failed, reasons } = await gateOn(young);
  assertEquals([code, failed], [1, ["history"]]);
  assertStringIncludes(reasons, "there is data of 94 % of the time only");
  assertEquals((await gateOn(young, "--partial")).code, 0);
  assertEquals((await gateOn({ ...GOOD, seen: "684" })).code, 0);
  assertEquals((await gateOn({ ...GOOD, seen: undefined })).code, 1);
});

Deno.test("people are told the verdict and every reason", async () => {
  await using prometheus = await Http.serve(stub({ ...GOOD, p99: "0.35" }));
  const { code, lines } = await gate(prometheus.url);
  assertEquals(code, 1);
  assertEquals(lines.join("\n").split("\n"), [
    "NO GO: the last 72 hours",
    "ok      traffic            1000 commands to the store",
    "ok      recovery-failures  0.00 % of 990 recoveries failed",
    "NOT OK  latency-p99        the store's p99 was 350 ms at its highest",
    "ok      redis-memory       Redis used 500.0 MB at its most",
    "ok      incidents          no alert of severity incident was firing",
    "ok      history            there is data of the whole time",
  ]);
});

Deno.test("selectors, hours, a path and a password go into the questions", async () => {
  const heard: string[] = [];
  const authorizations = new Set<string | undefined>();
  const answer = stub(GOOD, heard);
  await using prometheus = await Http.serve((request, response) => {
    authorizations.add(request.headers.authorization);
    assert(request.url!.startsWith("/prometheus/api/v1/query?"), request.url);
    answer(request, response);
  });
  const url = `http://me:p%C3%A4ss@${prometheus.host}/prometheus/`;
  const selectors = ["--selector", 'job="gateway"', "--redis-selector", 'job="redis"'];
  assertEquals((await gate(url, "--hours", "0.5", ...selectors)).code, 0);
  assertEquals([...authorizations], [`Basic ${btoa("me:p\xc3\xa4ss")}`]);
  const rise = (series: string) => [
    `sum(increase(${series}[1800s]))`,
    `sum(${series} unless ${series} offset 1800s)`,
  ];
  assertEquals(
    heard.toSorted(),
    [
      "count by (alertname) (count_over_time(" +
      'ALERTS{job="gateway",severity="incident",alertstate="firing"}[1800s]))',
      'max(max_over_time(hakgal_session_redis_latency_p99{job="gateway"}[1800s]))',
      'max(max_over_time(redis_memory_used_bytes{job="redis"}[1800s]))',
      ...rise('hakgal_session_recovery_failures_total{job="gateway"}'),
      ...rise('hakgal_session_recovery_total{job="gateway"}'),
      ...rise('hakgal_session_redis_latency_seconds_count{job="gateway",command!="heartbeat"}'),
      'sum(count_over_time((count(hakgal_session_recovery_total{job="gateway"}))[1800s:3s]))',
    ].toSorted(),
  );
});

Deno.test("a Prometheus that cannot be asked is exit code 2, and one sentence", async () => {
  const bad: readonly (readonly [Handler, string])[] = [
    [(_, response) => response.writeHead(503).end("overloaded"), "answered 503"],
    [(_, response) => response.writeHead(401).end(), "answered 401"],
    [(_, response) => response.end("<html>Grafana</html>"), "something else than its API"],
    [(_, response) => response.end("null"), "something else than its API"],
    [(_, response) => response.end(`{"status":"success"}`), "something else than its API"],
    [(request) => request.socket.destroy(), "cannot be reached"],
    [
      (_, response) =>
        response.writeHead(400).end(
          `{"status":"error","errorType":"bad_data","error":"parse error: unexpected \\"x\\"\\nat 1"}`,
        ),
      `refused the query: parse error: unexpected "x".`,
    ],
  ];
  for (const [handler, part] of bad) {
    await using prometheus = await Http.serve(handler);
    const { code, lines, notes } = await gate(prometheus.url, "--json");
    assertEquals([code, lines, notes.length], [2, [], 1]);
    assertStringIncludes(notes[0]!, part);
    assertEquals(notes[0]!.split("\n").length, 1);
  }
  const { code, notes } = await gate(`http://127.0.0.1:${pickPort()}`);
  assertEquals([code, notes.length], [2, 1]);
  assertStringIncludes(notes[0]!, "cannot be reached");
  const byEnvironment = await command(["rollout", "gate"], {
    env: { PROMETHEUS_URL: `http://127.0.0.1:${pickPort()}` },
  });
  assertEquals(byEnvironment.code, 2);
});

Deno.test("a real Prometheus opens the gate for a good run, and closes it when recoveries fail", async () => {
  const logPath = await Deno.makeTempFile({ prefix: "hakgal-exporter-" });
  try {
    await using server = await startServer(await serverBinary("redis"));
    await using exporter = await startRedisExporter(server.url, logPath);
    await using manager = await SessionManager.open({
      ...{ backend: "ioredis", url: server.url, idSecret: "an-id-secret" },
    });
    const { registry } = await prometheusMetrics(manager, { registry: new Registry() });
    await using pod = await Http.serve(async (_, response) => {
      response.setHeader("content-type", registry.contentType);
      response.end(await registry.metrics());
    });
    await using prometheus = await Prometheus.start({
      gateway: [pod.host],
      redis: [new URL(exporter.url).host],
    }, 200);
    await isAnswered(prometheus, "hakgal_session_recovery_total");
    const acme = manager.tenant("acme");
    for (let number = 0; number < 20; number++) await acme.getOrCreate(`user-${number}`);
    manager.clearCache();
    for (let number = 0; number < 20; number++) await acme.get(`user-${number}`);
    const whole = ["--hours", "0.05", "--selector", 'job="gateway"'];
    const options = [...whole, "--partial"];
    let said = "";
    // Until the recoveries have been scraped it is open as well, for none has failed.
    await until(async () => {
      const { code, lines } = await gate(prometheus.url, ...options);
      said = lines.join("\n");
      return code === 0 && said.includes("0.00 % of ");
    });
    // deno-lint-ignore no-console -- what the gate said of a real run
    console.log(said);
    assertEquals((await gate(prometheus.url, ...whole)).code, 1, "it has just begun");

    manager.clearCache();
    await server.kill();
    await acme.get("user-1").catch(() => {});
    await until(async () => (await gate(prometheus.url, ...options)).code === 1);
    const closed = (await gate(prometheus.url, ...options, "--json")).lines[0]!;
    const { conditions } = JSON.parse(closed);
    assertEquals(conditions[1].isMet, false);
    const wrong = await gate(prometheus.url, "--selector", "job=gateway");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.notes[0]!, "refused the query");
    await manager.close().catch(() => {});
  } finally {
    await Deno.remove(logPath);
  }
});

async function isAnswered(prometheus: Prometheus, query: string): Promise<void> {
  await until(async () => (await prometheus.query(query)).length > 0);
}
