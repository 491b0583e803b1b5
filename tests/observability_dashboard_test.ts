// A real Prometheus scrapes pods whose Redis is killed and comes back empty: each query of the dashboard has an answer.
import { createServer, type Server } from "node:http";
import { assert, assertEquals } from "@std/assert";
import { Registry } from "prom-client";
import { prometheusMetrics } from "../observability/prometheus.ts";
import { startServer } from "../scripts/servers/server.ts";
import { Prometheus, type Series, startRedisExporter } from "./support/monitoring.ts";
import { idsOf, OutagePod, outageTest, until } from "./support/outage.ts";
import { serverBinary } from "./support/servers.ts";

const SCRAPE_MS = 250;

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** A pod, and the server at which it is scraped. */
class ScrapedPod implements AsyncDisposable {
  readonly pod: OutagePod;
  readonly #server: Server;

  private constructor(pod: OutagePod, server: Server) {
    this.pod = pod;
    this.#server = server;
  }

  static async open(url: string): Promise<ScrapedPod> {
    const pod = await OutagePod.open("ioredis", { url });
    const { registry } = await prometheusMetrics(pod.manager, { registry: new Registry() });
    const server = createServer(async (_request, response) => {
      response.setHeader("content-type", registry.contentType);
      response.end(await registry.metrics());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new ScrapedPod(pod, server);
  }

  get target(): string {
    const { port } = this.#server.address() as { port: number };
    return `127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    await this.pod[Symbol.asyncDispose]();
  }
}

outageTest(
  "Prometheus answers each panel's queries with data of a run with an outage in it",
  async () => {
    const logPath = await Deno.makeTempFile({ prefix: "hakgal-exporter-" });
    try {
      await using server = await startServer(await serverBinary("redis"));
      await using exporter = await startRedisExporter(server.url, logPath);
      await using one = await ScrapedPod.open(server.url);
      await using two = await ScrapedPod.open(server.url);
      await using prometheus = await Prometheus.start({
        gateway: [one.target, two.target],
        redis: [new URL(exporter.url).host],
      }, SCRAPE_MS);
      await isScraped(prometheus, "hakgal_session_calls_total or vector(0)", 0);

      await serve(one.pod, two.pod);
      await isScraped(prometheus, 'sum(hakgal_session_calls_total{operation="increment"})', 40);
      await server.kill();
      await one.pod.isDown();
      await two.pod.isDown();
      await serve(one.pod, two.pod);
      await one.pod.sessions.get("a session of before that nobody holds");
      await isScraped(prometheus, 'sum(hakgal_session_breaker_state{state="down"})', 2);
      await server.restart({ empty: true });
      await one.pod.isUp();
      await two.pod.isUp();
      await isScraped(prometheus, 'sum(hakgal_session_breaker_state{state="up"})', 2);

      const empty = await emptyQueries(prometheus);
      assertEquals(empty, []);
      const wasDown = await prometheus.query(
        'max_over_time(hakgal_session_breaker_state{state="down"}[5m])',
      );
      assertEquals(wasDown.map(({ value }) => value[1]), ["1", "1"]);
      const healed = await prometheus.query("sum(hakgal_session_healed_total)");
      assert(Number(healed[0]!.value[1]) > 0);
    } finally {
      await Deno.remove(logPath);
    }
  },
);

/** Users of both pods: sessions made, read, recovered by the other pod, written to; and a call that fails. */
async function serve(one: OutagePod, two: OutagePod): Promise<void> {
  const ids = idsOf("user", 20);
  for (const { sessions } of [one, two]) {
    await Promise.all(ids.map(async (id) => {
      await sessions.getOrCreate(id, { plan: "free" });
      await sessions.get(id);
      await sessions.increment(id, "requests");
    }));
    await sessions.rotate("nobody", "somebody").catch(() => {});
  }
}

async function isScraped(prometheus: Prometheus, expr: string, least: number): Promise<void> {
  await until(`${expr} is at least ${least}`, async () => {
    const [series] = await prometheus.query(expr);
    return series !== undefined && Number(series.value[1]) >= least;
  });
}

/** Asks each query of the dashboard until it has an answer, and prints how many series it had. */
async function emptyQueries(prometheus: Prometheus): Promise<string[]> {
  const text = await Deno.readTextFile("observability/dashboards/hakgal_sessions.json");
  const { panels } = JSON.parse(text) as { panels: readonly Panel[] };
  const asked = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr }))
  );
  assert(asked.length > 20);
  const empty: string[] = [];
  for (const { title, expr } of asked) {
    let series: readonly Series[] = [];
    await until(`data for ${title}`, async () => {
      series = await prometheus.query(asPrometheusHasIt(expr));
      return series.some(({ value }) => value[1] !== "NaN");
    }).catch(() => empty.push(`${title}: ${expr}`));
    // deno-lint-ignore no-console -- the table that is asked for
    console.log(`${String(series.length).padStart(3)} series  ${title}: ${expr}`);
  }
  return empty;
}

/** What Grafana puts in place of its variables. */
function asPrometheusHasIt(expr: string): string {
  return expr.replaceAll("$__rate_interval", "1m").replaceAll("$job", ".+");
}
