/**
 * Traces and metrics for OpenTelemetry, through `@opentelemetry/api`: they go wherever the application's SDK sends them. What
 * each metric means is in docs/metrics.md.
 *
 * @module
 */

import type { Attributes, Span } from "@opentelemetry/api";
import { ConfigError } from "../core/errors.ts";
import type {
  CallEnd,
  ObservedCall,
  ObservedCommand,
  Observer,
  StoreCommand,
} from "../core/observer.ts";
import { LatencyWindow, P99, p99Help, WINDOW_SECONDS } from "./latency_window.ts";
import {
  LATENCY,
  LATENCY_BUCKETS,
  type Measurement,
  Measurements,
  type ObservedManager,
} from "./measurements.ts";
import { loadOptional } from "../core/optional_package.ts";

export type { ObservedManager } from "./measurements.ts";

/** Options of {@linkcode openTelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * The store's URL as it was given when opening: spans then tell `server.address` and `server.port` of it, and nothing else.
   * @default not told
   */
  readonly url?: string;
  /**
   * Tenants that get an attribute `tenant` of their own in metrics, 100 at most; all others are counted as `other`.
   * @default no attribute
   */
  readonly tenants?: readonly string[];
  /**
   * The window of `hakgal_session_redis_latency_p99`, in seconds, from 1 to 3,600. It slides by thirds: the value is that of the last
   * two thirds to the whole of it. @default 60
   */
  readonly latencyWindowSeconds?: number;
}

/** What observes a manager. */
export interface OpenTelemetryObservation {
  /** Makes no more spans, and measures no more. */
  stop(): void;
}

type Api = typeof import("@opentelemetry/api");

/** As which tracer and meter are known. */
const SCOPE = "@hakgal/sessions";

const REDIS_FAMILY = /^(ioredis|node-redis|valkey-glide)$/;

/** What the Redis family is sent, by the semantic conventions for Redis: a script, a pipeline of several commands, or one. */
const REDIS_OPERATIONS: Partial<Record<StoreCommand, string>> = {
  commit: "EVALSHA",
  heal: "EVALSHA",
  load: "PIPELINE",
  loadMany: "PIPELINE",
  list: "SCAN",
};

/**
 * Traces and measures a manager from now on: call it right after opening, with the SDK's providers set.
 *
 * Each call that memory does not answer at once is a span of kind `INTERNAL`, named after its method; each command to the store that
 * it causes is one of kind `CLIENT` within it, by the semantic conventions for database calls. One command may serve several
 * calls: it is then within the first of them. Heartbeats make no spans.
 *
 * @example
 * ```ts
 * import { SessionManager } from "@hakgal/sessions";
 * import { openTelemetry } from "@hakgal/sessions/observability/opentelemetry";
 *
 * await using manager = await SessionManager.open({ backend: "memory" });
 * const observation = await openTelemetry(manager);
 * await manager.tenant("acme").getOrCreate("user-42");
 * observation.stop();
 * ```
 * @throws ConfigError when an option cannot be taken, or `@opentelemetry/api` is not installed
 */
export async function openTelemetry(
  manager: ObservedManager,
  options: OpenTelemetryOptions = {},
): Promise<OpenTelemetryObservation> {
  const server = serverAttributes(options.url);
  const api = await loadOptional(
    "@opentelemetry/api",
    "observability",
    () => import("@opentelemetry/api"),
  );
  const endMetrics = measure(api, manager, options);
  const endTraces = manager.observe(new Tracing(api, manager.backend, server));
  return {
    stop() {
      endTraces();
      endMetrics();
    },
  };
}

/** Spans of calls and of commands. */
class Tracing implements Observer {
  readonly #api: Api;
  readonly #backend: string;
  readonly #server: Attributes;
  readonly #spans = new WeakMap<ObservedCall, Span>();

  constructor(api: Api, backend: string, server: Attributes) {
    this.#api = api;
    this.#backend = backend;
    this.#server = server;
  }

  call(call: ObservedCall): (end: CallEnd) => void {
    const { operation, tenant } = call;
    const span = this.#tracer.startSpan(`session ${operation}`, {
      attributes: { "hakgal.operation": operation, "hakgal.tenant": tenant },
    });
    this.#spans.set(call, span);
    return ({ outcome, source, degraded }) => {
      span.setAttributes({ "hakgal.source": source, "hakgal.degraded": degraded });
      if (outcome !== "ok") this.#fail(span, outcome);
      span.end();
    };
  }

  /** What the call sends is within its span. */
  run<Result>(call: ObservedCall, run: () => Promise<Result>): Promise<Result> {
    const { context, trace } = this.#api;
    const span = this.#spans.get(call);
    return span ? context.with(trace.setSpan(context.active(), span), run) : run();
  }

  command(command: ObservedCommand): void {
    if (command.command === "heartbeat") return;
    const endedAt = performance.timeOrigin + performance.now();
    const { attributes, name } = this.#describe(command);
    const span = this.#tracer.startSpan(name, {
      kind: this.#api.SpanKind.CLIENT,
      attributes,
      startTime: endedAt - command.tookMs,
    });
    if (command.outcome !== "ok") this.#fail(span, command.code ?? command.outcome);
    span.end(endedAt);
  }

  #describe(sent: ObservedCommand): { readonly name: string; readonly attributes: Attributes } {
    const { command, tenant, outcome, code, reply, records } = sent;
    const isRedis = REDIS_FAMILY.test(this.#backend);
    const operation = isRedis && REDIS_OPERATIONS[command] || command;
    const isScript = operation === "EVALSHA";
    const attributes: Attributes = {
      "db.system.name": isRedis ? "redis" : this.#backend,
      "db.operation.name": operation,
      ...this.#server,
      ...(isScript && { "db.stored_procedure.name": command }),
      ...(records !== undefined && { "db.operation.batch.size": records }),
      ...(outcome === "rejected" && code !== undefined && { "db.response.status_code": code }),
      "hakgal.command": command,
      ...(tenant !== undefined && { "hakgal.tenant": tenant }),
      ...(reply !== undefined && { "hakgal.reply": reply }),
    };
    const { "server.address": address, "server.port": port } = this.#server;
    const target = isScript ? command : address && [address, port].filter(Boolean).join(":");
    return { name: target ? `${operation} ${target}` : operation, attributes };
  }

  #fail(span: Span, type: string): void {
    span.setAttribute("error.type", type);
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
  }

  /** Asked for each time: the application may set its provider later. */
  get #tracer(): ReturnType<Api["trace"]["getTracer"]> {
    return this.#api.trace.getTracer(SCOPE);
  }
}

/** Instruments under the names of docs/metrics.md: OpenTelemetry's way to Prometheus adds no second `_total` or unit. */
function measure(
  api: Api,
  manager: ObservedManager,
  { tenants, latencyWindowSeconds = WINDOW_SECONDS }: OpenTelemetryOptions,
): () => void {
  const window = new LatencyWindow(latencyWindowSeconds);
  const meter = api.metrics.getMeter(SCOPE);
  const measurements = new Measurements(manager, tenants);
  const ends = measurements.all.map((measurement) => {
    const { name, help: description, kind } = measurement;
    const instrument = kind === "counter"
      ? meter.createObservableCounter(name, { description })
      : meter.createObservableGauge(name, { description });
    const observe = (result: { observe(value: number, attributes: Attributes): void }) =>
      observeAll(measurement, result);
    instrument.addCallback(observe);
    return () => instrument.removeCallback(observe);
  });
  const latency = meter.createHistogram(LATENCY.name, {
    description: LATENCY.help,
    unit: "s",
    advice: { explicitBucketBoundaries: [...LATENCY_BUCKETS] },
  });
  const p99 = meter.createObservableGauge(P99, { description: p99Help(latencyWindowSeconds) });
  // Without a value the SDK would go on to tell the last one.
  const observeP99 = (result: { observe(value: number): void }) => result.observe(window.p99());
  p99.addCallback(observeP99);
  ends.push(() => p99.removeCallback(observeP99));
  ends.push(manager.observe({
    command({ command, outcome, tookMs }) {
      if (command === "open") return;
      latency.record(tookMs / 1_000, { command, outcome });
      window.record(tookMs);
    },
  }));
  return () => {
    for (const end of ends) end();
    measurements.stop();
  };
}

function observeAll(
  measurement: Measurement,
  result: { observe(value: number, attributes: Attributes): void },
): void {
  for (const { labels, value } of measurement.samples()) result.observe(value, { ...labels });
}

function serverAttributes(url: string | undefined): Attributes {
  if (url === undefined) return {};
  const { hostname, port } = URL.canParse(url) ? new URL(url) : { hostname: "", port: "" };
  if (hostname === "") {
    throw new ConfigError("url", `"url" is the store's, e.g. redis://10.0.0.7:6379.`);
  }
  return { "server.address": hostname, ...(port && { "server.port": Number(port) }) };
}
