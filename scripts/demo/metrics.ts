/**
 * What a pod measured, as Prometheus would scrape it.
 *
 * @module
 */

import { print } from "../print.ts";
import type { DemoPod } from "./pod.ts";
import { paint } from "./screen.ts";

/** What an operator looks at first. */
const SHOWN = [
  "hakgal_session_recovery_total",
  "hakgal_session_recovery_failures_total",
  "hakgal_session_redis_latency_p99",
];

/** Scrapes a pod, and prints the three metrics that are watched during a rollout. */
export async function printMetrics(pod: DemoPod): Promise<void> {
  const response = await fetch(pod.metricsUrl);
  const text = await response.text();
  if (!response.ok) throw new Error(`${pod.name} cannot be scraped: ${text}`);
  print();
  print(`  ${paint("bold", `The metrics of ${pod.name}`)}, scraped from ${pod.metricsUrl}:`);
  print();
  const lines = text.split("\n");
  for (const name of SHOWN) {
    const series = lines.filter((line) =>
      line.startsWith(`${name} `) || line.startsWith(`${name}{`)
    );
    if (series.length === 0) throw new Error(`${pod.name} does not measure ${name}.`);
    for (const line of series) print(`    ${line}`);
  }
}
