// What OpenTelemetry is told: spans by its semantic conventions, and metrics under the same names as Prometheus's.
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { context, metrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { ConfigError, SessionManager, StoreRejectedError } from "../mod.ts";
import { openTelemetry } from "../observability/opentelemetry.ts";
import { startServer } from "../scripts/servers/server.ts";
import { takeAway } from "./support/away.ts";
import { outageTest } from "./support/outage.ts";
import { serverBinary } from "./support/servers.ts";
import { World } from "./support/world.ts";

class PulledReader extends MetricReader {
  protected onShutdown = () => Promise.resolve();
  protected onForceFlush = () => Promise.resolve();
}

/** An SDK that keeps what it is told, for the time of a test. */
class Sdk implements Disposable {
  readonly #exporter = new InMemorySpanExporter();
  readonly #reader = new PulledReader();

  constructor() {
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter)] }),
    );
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [this.#reader] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  get spans(): ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  span(name: string): ReadableSpan {
    const found = this.spans.find((span) => span.name === name);
    assert(found, `no span "${name}" among ${this.spans.map(({ name }) => name).join(", ")}`);
    return found;
  }

  /** As OpenTelemetry's own exporter shows it to Prometheus. */
  async prometheusText(): Promise<string> {
    const { resourceMetrics } = await this.#reader.collect();
    return new PrometheusSerializer().serialize(resourceMetrics);
  }

  [Symbol.dispose](): void {
    for (const api of [trace, metrics, context]) api.disable();
  }
}

Deno.test("a command that is refused, and a call that fails, are spans with their error", async () => {
  using sdk = new Sdk();
  const world = new World();
  const { manager, acme, link } = world.pod();
  await openTelemetry(manager);
  await manager.connect();
  link.next("load", () => Promise.reject(new StoreRejectedError("NOPERM", "No.")));
  await assertRejects(() => acme.get("user"));
  const [command, call] = [sdk.span("load"), sdk.span("session get")];
  assertEquals(command.attributes["db.response.status_code"], "NOPERM");
  assertEquals(command.attributes["error.type"], "NOPERM");
  assertEquals(call.attributes["error.type"], "STORE_REJECTED");
  for (const { status } of [command, call]) assertEquals(status.code, SpanStatusCode.ERROR);
});

Deno.test("through OpenTelemetry's exporter metrics come to the same names", async () => {
  using sdk = new Sdk();
  const world = new World();
  const [p0, p1] = [world.pod(), world.pod()];
  await openTelemetry(p1.manager, { tenants: ["acme"] });
  for (const id of ["a", "b"]) await p0.acme.getOrCreate(id);
  await p1.acme.get("a");
  const comeBack = await takeAway(world, p1);
  await p1.acme.get("b");
  const text = await sdk.prometheusText();
  assert(/^hakgal_session_recovery_total\{tenant="acme".*\} 1\b/m.test(text), text);
  assert(
    /^hakgal_session_recovery_failures_total\{tenant="acme".*\} 1\b/m.test(
      text,
    ),
    text,
  );
  assert(/^hakgal_session_breaker_state\{state="down".*\} 1\b/m.test(text), text);
  assert(
    /^hakgal_session_redis_latency_seconds_bucket\{command="load",outcome="ok".*le="0\.2"\} 1\b/m
      .test(text),
    text,
  );
  assert(/^hakgal_session_redis_latency_p99(\{.*\})? [\d.]/m.test(text), text);
  comeBack();
});

Deno.test("through OpenTelemetry the p99 is that of the window, and NaN where nothing was sent", async () => {
  using sdk = new Sdk();
  const world = new World();
  const pod = world.pod();
  const observation = await openTelemetry(pod.manager, { latencyWindowSeconds: 30 });
  const p99 = async () => {
    const [, value] = /^hakgal_session_redis_latency_p99(?:\{.*\})? (\S+)/m
      .exec(await sdk.prometheusText()) ?? [];
    return value === undefined ? undefined : Number(value);
  };
  assertEquals(await p99(), NaN);
  await pod.acme.getOrCreate("user");
  pod.link.next("commit", async (execute) => {
    await new Promise<void>((resolve) => world.clock.after(300, resolve));
    return await execute();
  });
  await world.during(pod.acme.increment("user", "n"));
  assertAlmostEquals((await p99())!, 0.3, 0.01);
  assert((await sdk.prometheusText()).includes("over the last 30 seconds"));
  observation.stop();
  await assertRejects(
    () => openTelemetry(pod.manager, { latencyWindowSeconds: 3_601 }),
    ConfigError,
    "from 1 to 3,600",
  );
});

Deno.test("a URL that is none is refused", async () => {
  const world = new World();
  const { manager } = world.pod();
  await assertRejects(() => openTelemetry(manager, { url: "localhost" }), ConfigError, "redis://");
});

// Last: what the client leaves to run out would end in another test.
outageTest(
  "on Redis a call is a span, and the commands that it takes are spans within it",
  async () => {
    using sdk = new Sdk();
    await using server = await startServer(await serverBinary("redis"));
    const manager = await SessionManager.open({ backend: "ioredis", url: server.url });
    try {
      const observation = await openTelemetry(manager, {
        url: `redis://user:secret@${server.host}:${server.port}/0`,
      });
      const acme = manager.tenant("acme");
      await trace.getTracer("test").startActiveSpan("request", async (request) => {
        await acme.getOrCreate("user");
        request.end();
      });
      await acme.recover(["user", "other"]);
      observation.stop();
      await acme.increment("user", "n");

      const request = sdk.span("request");
      const call = sdk.span("session getOrCreate");
      const commit = sdk.span("EVALSHA commit");
      const load = sdk.span(`PIPELINE ${server.host}:${server.port}`);
      assertEquals(call.parentSpanContext?.spanId, request.spanContext().spanId);
      assertEquals(commit.parentSpanContext?.spanId, call.spanContext().spanId);
      assertEquals(load.parentSpanContext?.spanId, call.spanContext().spanId);
      assertEquals([call.kind, commit.kind], [SpanKind.INTERNAL, SpanKind.CLIENT]);
      assertEquals(commit.attributes, {
        "db.system.name": "redis",
        "db.operation.name": "EVALSHA",
        "db.stored_procedure.name": "commit",
        "server.address": server.host,
        "server.port": server.port,
        "hakgal.command": "commit",
        "hakgal.tenant": "acme",
        "hakgal.reply": "applied",
      });
      const many = sdk.spans.find(({ attributes }) => attributes["hakgal.command"] === "loadMany");
      assertEquals(many?.attributes["db.operation.batch.size"], 2);
      assertEquals(sdk.spans.filter(({ name }) => name === "session increment"), []);
      const told = JSON.stringify(sdk.spans.map(({ name, attributes }) => [name, attributes]));
      assert(!/secret|user|[0-9a-f]{64}/.test(told), told);
    } finally {
      await manager.close();
    }
  },
);
