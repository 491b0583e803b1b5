/**
 * A real Prometheus, and what it scrapes. One that cannot be had is a failure, never a skipped test.
 *
 * @module
 */

import { HttpProcess } from "../../scripts/servers/http_process.ts";
import { findMonitoring, type MonitoringTools } from "../../scripts/servers/monitoring.ts";

/** Prometheus, promtool and redis_exporter; fetched if need be. */
export async function monitoringTools(): Promise<MonitoringTools> {
  const found = await findMonitoring({ provision: true });
  if ("missing" in found) throw new Error(`No Prometheus to test with: ${found.missing}`);
  return found;
}

/** Starts the exporter of a Redis server's own figures. */
export async function startRedisExporter(url: string, logPath: string): Promise<HttpProcess> {
  const { redisExporter } = await monitoringTools();
  return await HttpProcess.start({
    program: redisExporter,
    args: (port) => ["-web.listen-address", `127.0.0.1:${port}`, "-redis.addr", url],
    readyPath: "/metrics",
    logPath,
  });
}

/** One series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** A Prometheus that scrapes some targets. */
export class Prometheus implements AsyncDisposable {
  readonly #process: HttpProcess;
  readonly #folder: string;

  private constructor(process: HttpProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
  }

  /** Starts one; `targets` are hosts with ports, by job. */
  static async start(
    targets: Readonly<Record<string, readonly string[]>>,
    scrapeIntervalMs: number,
  ): Promise<Prometheus> {
    const { prometheus: program } = await monitoringTools();
    const folder = await Deno.makeTempDir({ prefix: "hakgal-prometheus-" });
    const config = {
      global: { scrape_interval: `${scrapeIntervalMs}ms`, scrape_timeout: `${scrapeIntervalMs}ms` },
      scrape_configs: Object.entries(targets).map(([job_name, targets]) => ({
        job_name,
        static_configs: [{ targets }],
      })),
    };
    try {
      // JSON is YAML too.
      await Deno.writeTextFile(`${folder}/prometheus.yml`, JSON.stringify(config));
      const process = await HttpProcess.start({
        program,
        args: (port) => [
          `--config.file=${folder}/prometheus.yml`,
          `--storage.tsdb.path=${folder}/data`,
          `--web.listen-address=127.0.0.1:${port}`,
        ],
        readyPath: "/-/ready",
        logPath: `${folder}/prometheus.log`,
        removeDir: folder,
      });
      return new Prometheus(process, folder);
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
  }

  /** Where it answers. */
  get url(): string {
    return this.#process.url;
  }

  /** What it answers to a query now. */
  async query(expr: string): Promise<Series[]> {
    const response = await fetch(`${this.url}/api/v1/query`, {
      method: "POST",
      body: new URLSearchParams({ query: expr }),
    });
    const { status, data, error } = await response.json();
    if (status !== "success") throw new Error(`Prometheus refuses ${expr}: ${error}`);
    return data.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
