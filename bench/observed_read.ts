/**
 * What metrics cost a read that memory answers.
 *
 * @module
 */

import { Registry } from "prom-client";
import { SessionManager } from "../mod.ts";
import { prometheusMetrics, type PrometheusOptions } from "../observability/prometheus.ts";
import { measure, type MeasureOptions, type Rates } from "./measure.ts";

/** As many times shorter, and as many more, turns are than elsewhere: a few percent are looked for. */
const FINER = 20;

/** Reads a second of one session that is held: nobody observing, with metrics, and with metrics by tenant. */
export async function observedReadRates(
  options: Omit<MeasureOptions, "concurrency">,
): Promise<Rates> {
  await using plain = await reader();
  await using observed = await reader({});
  await using byTenant = await reader({ tenants: ["bench"] });
  return await measure([
    { name: "nobody observes", work: plain.read },
    { name: "Prometheus", work: observed.read },
    { name: "Prometheus, by tenant", work: byTenant.read },
  ], {
    turnMs: options.turnMs / FINER,
    turns: options.turns * FINER,
    counts: "best",
    concurrency: 1,
  });
}

async function reader(
  metrics?: PrometheusOptions,
): Promise<AsyncDisposable & { readonly read: () => Promise<unknown> }> {
  const manager = await SessionManager.open({
    backend: "memory",
    idSecret: "a secret for the bench",
    maxStalenessMs: 3_600_000,
  });
  if (metrics) await prometheusMetrics(manager, { registry: new Registry(), ...metrics });
  const sessions = manager.tenant("bench");
  await sessions.getOrCreate("read", { plan: "free", tx_count_1h: 5 });
  return {
    read: () => sessions.get("read"),
    [Symbol.asyncDispose]: () => manager.close(),
  };
}
