/**
 * Metrics for Prometheus, through `prom-client`. What each means is in docs/metrics.md, with alerts and a dashboard beside
 * this file.
 *
 * @module
 */

import { ConfigError } from "../core/errors.ts";
import type { ObservedCommand } from "../core/observer.ts";
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

/** A registry of `prom-client`, as far as it is used here. */
export interface PrometheusRegistry {
  /** Everything registered, as a scrape answers it. */
  metrics(): Promise<string>;
  /** The media type of that. */
  readonly contentType: string;
  /** The metric of a name, if there is one. */
  getSingleMetric(name: string): unknown;
  /** Removes a metric. */
  removeSingleMetric(name: string): void;
}

/** Options of {@linkcode prometheusMetrics}. */
export interface PrometheusOptions {
  /** Where metrics are registered. A registry takes those of one manager. @default prom-client's `register` */
  readonly registry?: PrometheusRegistry;
  /**
   * Tenants that get a label `tenant` of their own, 100 at most; all others are counted as `other`. Reads that memory answers
   * cost more then, since each is told. @default no label
   */
  readonly tenants?: readonly string[];
  /**
   * The window of `hakgal_session_redis_latency_p99`, in seconds, from 1 to 3,600. It slides by thirds: the value is that of the last
   * two thirds to the whole of it. @default 60
   */
  readonly latencyWindowSeconds?: number;
  /** Upper bounds of the latency histogram's buckets, in seconds. @default 0.0005 to 2.5, with 0.2 among them */
  readonly latencyBuckets?: readonly number[];
}

/** The metrics of one manager. */
export interface PrometheusMetrics {
  /** Where they are registered. */
  readonly registry: PrometheusRegistry;
  /** Counts no more, and removes the metrics from the registry. */
  stop(): void;
}

/**
 * Measures a manager from now on: call it right after opening. Counters are counted by plain numbers and read when Prometheus
 * scrapes, so that reads from memory cost what they did.
 *
 * @example A server that Prometheus scrapes
 * ```ts
 * import { createServer } from "node:http";
 * import { Registry } from "prom-client";
 * import { SessionManager } from "@hakgal/sessions";
 * import { prometheusMetrics } from "@hakgal/sessions/observability/prometheus";
 *
 * await using manager = await SessionManager.open({ backend: "memory" });
 * const { registry } = await prometheusMetrics(manager, { registry: new Registry() });
 * const server = createServer(async (_request, response) => {
 *   response.setHeader("content-type", registry.contentType);
 *   response.end(await registry.metrics());
 * });
 * await manager.tenant("acme").getOrCreate("user-42");
 * console.assert((await registry.metrics()).includes("hakgal_session_cached_sessions 1"));
 * server.close();
 * ```
 * @throws ConfigError when an option is out of range, `prom-client` is not installed, or the registry has such metrics already
 */
export async function prometheusMetrics(
  manager: ObservedManager,
  options: PrometheusOptions = {},
): Promise<PrometheusMetrics> {
  const { tenants, latencyWindowSeconds = WINDOW_SECONDS, latencyBuckets = LATENCY_BUCKETS } =
    options;
  const window = new LatencyWindow(latencyWindowSeconds);
  const client = await loadOptional("prom-client", "observability", () => import("prom-client"));
  const registry = (options.registry ?? client.register) as InstanceType<typeof client.Registry>;
  if (registry.getSingleMetric(P99)) {
    throw new ConfigError(
      "registry",
      "The registry has the metrics of a manager already: give each manager a registry of its own.",
    );
  }
  const registers = [registry];
  const measurements = new Measurements(manager, tenants);
  const names = measurements.all.map((measurement) => register(measurement));

  const histogram = new client.Histogram({
    ...LATENCY,
    labelNames: ["command", "outcome"],
    buckets: [...latencyBuckets],
    registers,
  });
  new client.Gauge({
    ...{ name: P99, help: p99Help(latencyWindowSeconds), registers },
    collect() {
      this.set(window.p99());
    },
  });
  const stopLatency = manager.observe({
    command({ command, outcome, tookMs }: ObservedCommand) {
      if (command === "open") return;
      histogram.observe({ command, outcome }, tookMs / 1_000);
      window.record(tookMs);
    },
  });
  names.push(LATENCY.name, P99);
  return {
    registry,
    stop() {
      stopLatency();
      measurements.stop();
      for (const name of names) registry.removeSingleMetric(name);
    },
  };

  function register(measurement: Measurement): string {
    const { name, help, labelNames } = measurement;
    const config = { name, help, labelNames: [...labelNames], registers };
    if (measurement.kind === "gauge") {
      new client.Gauge({
        ...config,
        collect() {
          for (const { labels, value } of measurement.samples()) this.set(labels, value);
        },
      });
    } else {
      new client.Counter({
        ...config,
        collect() {
          this.reset();
          for (const { labels, value } of measurement.samples()) this.inc(labels, value);
        },
      });
    }
    return name;
  }
}
