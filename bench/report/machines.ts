/**
 * The same lines on several machines: which verdicts are the library's, and which the machine's.
 *
 * @module
 */

import { quantityText, ratioText, targetText } from "../format.ts";
import { type CaseResult, fromText, type Results } from "../results.ts";
import type { Verdict } from "../verdict.ts";
import { STATES, table } from "./table.ts";

/** Where runs on other machines are kept, each in a file that is named as its machine is called. */
export const MACHINES = "bench/machines";

/** A run, by the name of its machine. */
export interface NamedResults {
  readonly name: string;
  readonly results: Results;
}

/** The runs that are kept, by name. */
export async function otherMachines(): Promise<NamedResults[]> {
  const files = (await Array.fromAsync(Deno.readDir(MACHINES))).map(({ name }) => name).sort();
  return await Promise.all(files.map(async (file) => {
    const path = `${MACHINES}/${file}`;
    const results = fromText(await Deno.readTextFile(path), path);
    return { name: file.replace(/\.json$/, ""), results };
  }));
}

/** A target, and what became of it in each run; undefined where a run does not have it. */
interface Line {
  readonly case: string;
  readonly backend: CaseResult["backend"];
  readonly verdicts: (Verdict | undefined)[];
}

/** Each run in a line, and each target whose verdict is not the same in all of them. */
export function machinesPart(runs: readonly NamedResults[]): string {
  const lines = linesOf(runs);
  const same = lines.filter(({ verdicts }) => isSame(verdicts));
  const alike = (state: Verdict["state"]) =>
    same.filter(({ verdicts }) => verdicts[0]?.state === state).length;
  const differing = lines.filter((line) => !same.includes(line));
  const count = `Of ${lines.length} targets ${alike("reached")} are reached in each of these ` +
    `runs, and ${alike("missed")} are missed in each.`;
  return [
    table(["run", "measured on", "processor", "of", "reached", "missed"], runs.map(runCells)),
    ...differing.length === 0 ? [count] : [
      `${count} The others, with what is missed in bold:`,
      table(
        ["case", "client", "what", "target", ...runs.map(({ name }) => name)],
        differing.map(lineCells),
      ),
    ],
  ].join("\n\n");
}

function runCells({ name, results }: NamedResults): string[] {
  const { startedAt, machine, versions, cases } = results;
  const count = (state: Verdict["state"]) =>
    cases.flatMap(({ verdicts }) => verdicts).filter((verdict) => verdict.state === state).length;
  return [
    ...[name, startedAt.slice(0, 10), `${machine.cpu}, ${machine.cores} cores`],
    ...[versions[LIBRARY] ?? "", String(count("reached")), String(count("missed"))],
  ];
}

const LIBRARY = "@hakgal/sessions";

function lineCells({ case: name, backend, verdicts }: Line): string[] {
  const any = verdicts.find((verdict) => verdict !== undefined)!;
  return [`\`${name}\``, backend, any.what, targetText(any), ...verdicts.map(verdictText)];
}

function verdictText(verdict: Verdict | undefined): string {
  if (!verdict) return "";
  const { state, ratio, ours } = verdict;
  if (state === "unmeasured") return STATES.unmeasured;
  const figure = ratio === undefined ? quantityText(ours) : ratioText(ratio);
  return state === "missed" ? `**${figure}**` : figure;
}

function isSame(verdicts: Line["verdicts"]): boolean {
  return verdicts.every((verdict) => verdict?.state === verdicts[0]?.state);
}

/** The targets of all runs, in the order in which they are first met. */
function linesOf(runs: readonly NamedResults[]): Line[] {
  const lines = new Map<string, Line>();
  for (const [index, { results }] of runs.entries()) {
    for (const { case: name, backend, verdicts } of results.cases) {
      for (const verdict of verdicts) {
        const key = JSON.stringify([name, backend, verdict.what]);
        const line = lines.get(key) ?? { case: name, backend, verdicts: runs.map(() => undefined) };
        line.verdicts[index] = verdict;
        lines.set(key, line);
      }
    }
  }
  return [...lines.values()];
}
