/**
 * Results as Markdown.
 *
 * @module
 */

import { quantityText, ratioText, targetText } from "../format.ts";
import { sessionMemory, storeMemory } from "../memory_calculator.ts";
import type { CaseResult, Results } from "../results.ts";
import { machinesPart, type NamedResults } from "./machines.ts";
import type { Drawn } from "./plots.ts";
import { STATES, table } from "./table.ts";

/** The parts of the documents, by the names of their marks. `others`: runs on other machines. */
export function parts(
  results: Results,
  plots: readonly Drawn[],
  others: readonly NamedResults[] = [],
): Record<string, string> {
  return {
    machine: machine(results),
    machines: machinesPart([{ name: "the tables", results }, ...others]),
    targets: targets(results),
    rates: results.cases.filter(({ races }) => races.length > 0).map(rates).join("\n\n"),
    figures: figures(results),
    growth: growth(results, plots),
    memory: memoryTable(),
    plots: plots.filter(({ file }) => file !== GROWTH_PLOT).map(image).join("\n\n"),
  };
}

const GROWTH_PLOT = "bench-growth.svg";

/** What it was measured on, and with. */
function machine({ machine, versions, settings, startedAt }: Results): string {
  const { cores, cpu, memoryBytes, os, loadAtStart } = machine;
  const load = loadAtStart.map((number) => number.toFixed(2)).join(", ");
  const of = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const long = settings.isFull ? ", the long cases in full (`--full`)" : "";
  return [
    `Measured on ${startedAt.slice(0, 10)}: ${cores} cores (${cpu}), ${
      quantityText({ value: memoryBytes, unit: "B" })
    } of memory, ${os}; load at the start ${load}. ${settings.rounds} rounds of ` +
    `${settings.turnMs / 1_000} s for each contestant${long}.`,
    `Versions: ${of}.`,
  ].join("\n\n");
}

/** A line for each target. */
function targets({ cases }: Results): string {
  const rows = cases.flatMap(({ case: name, backend, verdicts, error }) =>
    error === undefined
      ? verdicts.map((verdict) => {
        const { what, ours, against, ratio, state, isSteady } = verdict;
        return [
          ...[`\`${name}\``, backend, what, quantityText(ours)],
          ...[against ? `${quantityText(against)} (${against.name})` : "", ratioText(ratio)],
          ...[targetText(verdict), STATES[state] + (isSteady ? "" : ", unsteady")],
        ];
      })
      : [[`\`${name}\``, backend, "", "", "", "", "", "could not be measured"]]
  );
  return table(["case", "client", "what", "ours", "against", "ratio", "target", "verdict"], rows);
}

/** A case's contestants. */
function rates({ case: name, backend, title, races }: CaseResult): string {
  const rows = races.flatMap(({ standings }) =>
    standings.map(({ name, median, spread, latency }) => [
      name,
      quantityText({ value: median, unit: "/s" }),
      `${Math.round(100 * spread)} %`,
      ...["p50Ms", "p99Ms", "p999Ms"].map((key) =>
        latency ? quantityText({ value: latency[key as "p50Ms"], unit: "ms" }) : ""
      ),
    ])
  );
  const heading = `**\`${name}\`, ${backend}**: ${title}`;
  return `${heading}\n\n${table(["contestant", "median", "spread", "p50", "p99", "p99.9"], rows)}`;
}

/** Figures without a target. */
function figures({ cases }: Results): string {
  const rows = cases.flatMap(({ case: name, backend, figures }) =>
    Object.entries(figures).map((
      [what, quantity],
    ) => [`\`${name}\``, backend, what, quantityText(quantity)])
  );
  return table(["case", "client", "what", "figure"], rows);
}

/** The case that tells how cost grows, alone. */
function growth({ cases }: Results, plots: readonly Drawn[]): string {
  const grown = cases.filter(({ case: name }) => name === "growth");
  const plot = plots.find(({ file }) => file === GROWTH_PLOT);
  const tables = grown.map(({ backend, verdicts, figures }) => {
    const judged = verdicts.map((verdict) => [
      ...[verdict.what, quantityText(verdict.ours), ratioText(verdict.ratio)],
      ...[targetText(verdict), STATES[verdict.state]],
    ]);
    const others = Object.entries(figures).map((
      [what, quantity],
    ) => [what, quantityText(quantity), "", "", ""]);
    return `**${backend}**\n\n${
      table(["what", "figure", "ratio", "target", "verdict"], [...judged, ...others])
    }`;
  });
  return [...plot ? [image(plot)] : [], ...tables].join("\n\n");
}

/** What sessions take in the store, by the calculator; nothing of it is measured. */
export function memoryTable(): string {
  const shapes = [
    { vectors: 0, dimension: 0 },
    ...DIMENSIONS.map((dimension) => ({ vectors: 10, dimension })),
  ];
  const rows = shapes.map((shape) => [
    `5 fields, ${
      shape.vectors === 0 ? "no vectors" : `10 vectors of ${shape.dimension.toLocaleString("en")}`
    }`,
    quantityText({ value: sessionMemory(shape).total, unit: "B" }),
    ...[10_000, 100_000, 1_000_000].map((sessions) =>
      `${(storeMemory(sessions, shape) / 1e9).toFixed(2)} GB`
    ),
  ]);
  return table(["a session of", "takes", "10,000", "100,000", "1,000,000"], rows);
}

const DIMENSIONS = [384, 768, 1_024, 1_536, 3_072];

function image({ file, title }: Drawn): string {
  return `![${title}](images/${file})`;
}
