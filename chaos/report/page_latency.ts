/**
 * The page's part on how long calls took around faults.
 *
 * @module
 */

import type { FaultLatency, LatencySummary } from "../fault_latency.ts";
import { nameOf, type ReportedBackend } from "../report.ts";
import { html, type Markup } from "./markup.ts";
import { grouped, latency } from "./words.ts";

const PARTS = ["before", "during", "after"] as const;

/** The chart's width and the height of a line, in pixels. */
const WIDTH = 220;
const LINE = 11;
/** The axis, in powers of ten of a millisecond. */
const LEAST = -0.5;

/** Latencies before, during and after each kind of fault, by backend; undefined when no fault took place. */
export function latencySection(
  backends: readonly ReportedBackend[],
): { readonly id: string; readonly title: string; readonly body: Markup } | undefined {
  const shown = backends.filter(({ latency }) => latency.length > 0);
  if (shown.length === 0) return undefined;
  const longestMs = Math.max(
    10,
    ...shown.flatMap(({ latency }) =>
      latency.flatMap((fault) => PARTS.map((part) => fault[part].p99Ms ?? 0))
    ),
  );
  const most = Math.ceil(Math.log10(longestMs) * 2) / 2;
  const body =
    html`<p class="lead">Each line goes from the median to the 99th percentile, on a logarithmic axis.
<span class="key is-before">before</span> <span class="key is-during">during</span> <span class="key is-after">after</span>
Calls that met another fault count for that one only. A call without an answer has no latency: it is counted as lost.</p>
${
      shown.map((backend) =>
        html`<h3>${nameOf(backend)}</h3>
${latencyTable(backend.latency, most)}`
      )
    }`;
  return { id: "latency", title: "Latency around faults", body };
}

function latencyTable(faults: readonly FaultLatency[], most: number): Markup {
  const sorted = [...faults].sort((a, b) => (b.during.p99Ms ?? 0) - (a.during.p99Ms ?? 0));
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="latency">
      <table class="latency">
        <thead>
          <tr><th scope="col" rowspan="2">Fault</th><td rowspan="2" class="axis">${axis(
            most,
          )}</td>${PARTS.map((part) =>
            html`<th scope="colgroup" colspan="3" class="is-${part}">${part}</th>`
          )}<th scope="col" rowspan="2" class="number">lost</th></tr>
          <tr>${PARTS.map(() =>
            html`
              <th scope="col" class="first number">calls</th>
              <th scope="col" class="number">p50</th>
              <th scope="col" class="number">p99</th>
            `
          )}</tr>
        </thead>
        <tbody>
    ${sorted.map((fault) =>
      html`
        <tr><th scope="row"><code>${fault.kind}</code></th><td class="axis">${chart(
          fault,
          most,
        )}</td>${PARTS.map((part) =>
          cells(fault[part])
        )}<td class="number">${PARTS.reduce((total, part) => total + fault[part].unanswered, 0) ||
          html`<span class="none">–</span>`}</td></tr>
      `
    )}</tbody>
      </table>
    </div>
  `;
}

function cells({ count, p50Ms, p99Ms }: LatencySummary): Markup {
  return html`
    <td class="first number">${grouped(count)}</td>
    <td class="number">${latency(p50Ms)}</td>
    <td class="number">${latency(p99Ms)}</td>
  `;
}

function chart(fault: FaultLatency, most: number): Markup {
  const lines = PARTS.map((part, index) => {
    const { p50Ms, p99Ms } = fault[part];
    if (p50Ms === null || p99Ms === null) return "";
    const [from, until, y] = [position(p50Ms, most), position(p99Ms, most), LINE * (index + 0.5)];
    return html`
      <g class="is-${part}">
        <line x1="${from}" x2="${until}" y1="${y}" y2="${y}" />
        <circle cx="${from}" cy="${y}" r="3" />
        <rect x="${until - 1.5}" y="${y - 4}" width="3" height="8" />
      </g>
    `;
  });
  return html`<svg width="${WIDTH}" height="${3 * LINE}" aria-hidden="true">${
    grid(most, 3 * LINE)
  }${lines}</svg>`;
}

function axis(most: number): Markup {
  const labels = decades(most).map((decade) => {
    const name = decade >= 3 ? `${10 ** (decade - 3)} s` : `${10 ** decade} ms`;
    return html`<text x="${position(10 ** decade, most)}" y="10">${name}</text>`;
  });
  return html`<svg width="${WIDTH}" height="14" aria-hidden="true">${labels}</svg>`;
}

function grid(most: number, height: number): Markup[] {
  return decades(most).map((decade) => {
    const x = position(10 ** decade, most);
    return html`
      <line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height}" />
    `;
  });
}

function decades(most: number): number[] {
  return Array.from({ length: Math.floor(most) + 1 }, (_, index) => index);
}

function position(latencyMs: number, most: number): number {
  const share = (Math.log10(Math.max(latencyMs, 10 ** LEAST)) - LEAST) / (most - LEAST);
  return Math.round((6 + Math.min(1, share) * (WIDTH - 12)) * 10) / 10;
}
