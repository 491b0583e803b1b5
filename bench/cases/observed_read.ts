/**
 * What metrics cost a read that memory answers.
 *
 * @module
 */

import { Registry } from "prom-client";
import { prometheusMetrics, type PrometheusOptions } from "../../observability/prometheus.ts";
import type { Bench, BenchCase } from "../case.ts";
import { TENANT } from "../store.ts";
import { rateAtLeast } from "../verdict.ts";

const ID = "read";

/** `get` of a held session: nobody observing, with metrics, and with metrics by tenant. */
export const observedRead: BenchCase = {
  name: "observed_read",
  title: "get of a held session, with Prometheus's metrics",
  backends: ["memory"],
  async run(bench) {
    const alone = { callers: 1, isTimed: false };
    const race = await bench.race([
      bench.callers("unobserved", await reads(bench), alone),
      bench.callers("ours", await reads(bench, {}), alone),
      bench.callers("ours, by tenant", await reads(bench, { tenants: [TENANT] }), alone),
    ]);
    return { races: [race], verdicts: [rateAtLeast(race, { against: "unobserved", bound: 0.95 })] };
  },
};

/** Reads of a session that a pod of their own holds. */
async function reads(bench: Bench, metrics?: PrometheusOptions): Promise<() => Promise<unknown>> {
  const manager = await bench.open({ maxStalenessMs: 3_600_000 });
  if (metrics) await prometheusMetrics(manager, { registry: new Registry(), ...metrics });
  const sessions = manager.tenant(TENANT);
  await sessions.getOrCreate(ID, { plan: "free", tx_count_1h: 5 });
  return () => sessions.get(ID);
}
