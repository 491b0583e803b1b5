/**
 * Plots of results, as SVG.
 *
 * @module
 */

// Named here and not in deno.json, so that only who makes plots fetches it.
import * as Plot from "npm:@observablehq/plot@^0.6.17";
import { JSDOM } from "jsdom";
import { PEER_NAMES } from "../peer.ts";
import type { CaseResult, Results } from "../results.ts";
import type { Verdict } from "../verdict.ts";

/** A plot, by the name of its file. */
export interface Drawn {
  readonly file: string;
  /** What it shows, for who cannot see it. */
  readonly title: string;
  readonly svg: string;
}

const WIDTH = 860;
/** Room for the title and the legend. */
const TOP = 64;
const STYLE = { fontFamily: "system-ui, sans-serif", fontSize: "12px", background: "white" };
const COLORS: Readonly<Record<string, string>> = {
  ioredis: "#2563eb",
  "node-redis": "#059669",
  "valkey-glide": "#d97706",
  sqlite: "#7c3aed",
  none: "#475569",
};

/** Those that the results have something to show in. */
export function drawPlots(results: Results): Drawn[] {
  return [targets(results), peers(results), latencies(results), growth(results)]
    .filter((drawn) => drawn !== undefined);
}

/** How far each figure is from its target. */
function targets({ cases }: Results): Drawn | undefined {
  const points = cases.flatMap((result) =>
    result.verdicts.filter(({ state }) => state !== "unmeasured").map((verdict) => ({
      label: `${result.case}: ${verdict.what}`,
      backend: result.backend,
      share: Math.min(100, Math.max(0.01, shareOfTarget(verdict))),
    }))
  );
  if (points.length === 0) return undefined;
  return draw(
    "bench-targets.svg",
    "Each figure in parts of its target; right of the line it is reached",
    {
      height: TOP + 40 + 18 * new Set(points.map(({ label }) => label)).size,
      marginLeft: 340,
      x: { type: "log", grid: true, label: "parts of the target (reached from 1 on)" },
      y: { label: null, domain: [...new Set(points.map(({ label }) => label))] },
      marks: [
        Plot.ruleX([1], { strokeWidth: 2 }),
        Plot.dot(points, { x: "share", y: "label", fill: colorOf, r: 4.5 }),
      ],
    },
    points,
  );
}

/** Rates of one counter in a large session: ours, raw, and the peers'. */
function peers({ cases }: Results): Drawn | undefined {
  const bars = cases.filter((result) => result.case === "increment_large").flatMap((result) =>
    (result.races[0]?.standings ?? []).map(({ name, median }) => ({
      name,
      backend: result.backend,
      rate: median,
      isPeer: (PEER_NAMES as readonly string[]).includes(name),
    }))
  );
  if (bars.length === 0) return undefined;
  return draw(
    "bench-peers.svg",
    "Increments a second of one counter in a session of 10 × 1,536 vectors",
    {
      height: TOP + 40 + 22 * bars.length,
      marginLeft: 200,
      marginRight: 110,
      x: { type: "log", grid: true, label: "increments a second" },
      y: { label: null, domain: [...new Set(bars.map(({ name }) => name))] },
      fy: { label: null },
      marks: [
        Plot.barX(bars, {
          ...{ x1: 10, x2: "rate", y: "name", fy: "backend", fill: colorOf },
          fillOpacity: ({ isPeer }: { isPeer: boolean }) => isPeer ? 0.35 : 0.9,
        }),
      ],
    },
    bars,
  );
}

/** Half of the calls, 99 of 100, and 999 of 1,000. */
function latencies({ cases }: Results): Drawn | undefined {
  const spans = cases.flatMap((result) =>
    (result.races[0]?.standings ?? []).flatMap(({ name, latency }) =>
      latency && !(PEER_NAMES as readonly string[]).includes(name)
        ? [{ label: `${result.case}: ${name}`, backend: result.backend, ...latency }]
        : []
    )
  );
  if (spans.length === 0) return undefined;
  const labels = [...new Set(spans.map(({ label }) => label))];
  return draw(
    "bench-latency.svg",
    "Latency of calls: p50 (ring), p99 (dot) and p99.9 (line's end)",
    {
      height: TOP + 40 + 18 * labels.length,
      marginLeft: 340,
      x: { type: "log", grid: true, label: "milliseconds" },
      y: { label: null, domain: labels },
      marks: [
        Plot.ruleY(spans, {
          x1: "p50Ms",
          x2: "p999Ms",
          y: "label",
          stroke: colorOf,
          strokeOpacity: 0.6,
        }),
        Plot.dot(spans, { x: "p50Ms", y: "label", stroke: colorOf, fill: "white", r: 3.5 }),
        Plot.dot(spans, { x: "p99Ms", y: "label", fill: colorOf, r: 3.5 }),
      ],
    },
    spans,
  );
}

/** Rates by the number of sessions in the store. */
function growth({ cases }: Results): Drawn | undefined {
  const points = cases.filter((result) => result.case === "growth").flatMap(growthPoints);
  if (points.length === 0) return undefined;
  const counts = [...new Set(points.map(({ sessions }) => sessions))];
  return draw(
    "bench-growth.svg",
    "Rates with more and more sessions, in parts of those with the fewest",
    {
      height: 300,
      x: {
        type: "log",
        grid: true,
        label: "sessions in the store",
        ticks: counts,
        tickFormat: "~s",
      },
      y: { grid: true, zero: true, label: null },
      fx: { label: null },
      marks: [
        Plot.ruleY([0, 1], { strokeOpacity: 0.4 }),
        Plot.lineY(points, {
          x: "sessions",
          y: "share",
          fx: "kind",
          z: "backend",
          stroke: colorOf,
        }),
        Plot.dot(points, { x: "sessions", y: "share", fx: "kind", fill: colorOf }),
      ],
    },
    points,
  );
}

interface GrowthPoint {
  readonly kind: string;
  readonly sessions: number;
  readonly share: number;
  readonly backend: string;
}

function growthPoints({ backend, races }: CaseResult): GrowthPoint[] {
  return races.flatMap(({ standings }) =>
    standings.map(({ name, median }) => {
      const [kind, count] = name.split(/, (?=\d)/);
      const sessions = Number(count!.replaceAll(/[^\d]/g, ""));
      return { kind: kind!, sessions, share: median / standings[0]!.median, backend };
    })
  );
}

/** 1 where the target is just reached, more where it is passed. */
export function shareOfTarget({ ours, ratio, target }: Verdict): number {
  const value = ratio ?? ours.value;
  // Nothing lost of nothing allowed.
  if (value === 0 && target.bound === 0) return 1;
  return target.sense === "at least" ? value / target.bound : target.bound / value;
}

function colorOf({ backend }: { readonly backend: string }): string {
  return COLORS[backend] ?? "black";
}

function draw(
  file: string,
  title: string,
  options: Plot.PlotOptions,
  data: readonly { readonly backend: string }[],
): Drawn {
  const { window: { document } } = new JSDOM("");
  const backends = [...new Set(data.map(({ backend }) => backend))];
  const plot = Plot.plot({
    ...options,
    ...{ document, width: WIDTH, style: STYLE, marginTop: TOP, ariaLabel: title },
  });
  plot.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const line = (x: number, y: number, text: string, fill: string, weight: string) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", "text");
    for (
      const [name, value] of Object.entries({
        x,
        y,
        fill,
        "font-weight": weight,
        "text-anchor": "start",
      })
    ) {
      element.setAttribute(name, String(value));
    }
    element.textContent = text;
    plot.append(element);
  };
  line(10, 16, title, "black", "bold");
  backends.forEach((backend, index) =>
    line(10 + 110 * index, 34, `● ${backend}`, COLORS[backend]!, "normal")
  );
  return { file, title, svg: plot.outerHTML + "\n" };
}
