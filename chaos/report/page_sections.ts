/**
 * The page's parts.
 *
 * @module
 */

import { FAULT_KINDS } from "../fault_kinds.ts";
import type { ChaosReport, ReportedBackend, ReportedViolation } from "../report.ts";
import { nameOf, seenText } from "../report.ts";
import { GUARANTEES, guaranteeState } from "./guarantees.ts";
import { caseLines } from "./history_text.ts";
import { html, type Markup } from "./markup.ts";
import { count, grouped, latency, seconds } from "./words.ts";

/** Where the script draws a history. */
export function timeline(history: number, label: string): Markup {
  return html`
    <div class="timeline" data-history="${history}"
      data-label="${label}"><noscript>The timeline needs JavaScript.</noscript></div>
  `;
}

/** A violation with its place among all. */
export interface NumberedViolation {
  readonly violation: ReportedViolation;
  /** The backend's name. */
  readonly name: string;
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/** A violation, with its smallest case. */
export function violationArticle(
  { violation, name, number, of }: NumberedViolation,
  drawn: Markup,
): Markup {
  const { guarantee, rule, message, replay, history, ops, case: chaosCase } = violation;
  const title = GUARANTEES.find(({ id }) => id === guarantee)?.title ?? "";
  const size = `${count(chaosCase.ops.length, "call")}, ${count(chaosCase.faults.length, "fault")}`;
  return html`
    <article class="card violation" data-violation="${number}" data-ops="${ops.join(",")}">
    <p class="eyebrow">${number} of ${of} · ${name}</p>
    <h3 tabindex="-1"><span class="badge is-violated">${guarantee}</span> ${title} <code>${rule}</code></h3>
    <p class="message">${message}</p>
    <div class="replay"><span class="label" id="replay-${number}">See it again</span>
    <code tabindex="0" aria-labelledby="replay-${number}">${replay}</code>
    <button type="button" data-copy="${replay}">Copy</button></div>
    ${keptOf(violation)}
    <h4>The smallest case found <span>${size}</span></h4>
    ${drawn}
    <details><summary>The case as text</summary><pre tabindex="0">${caseLines(history, ops).join(
      "\n",
    )}</pre></details>
    </article>
  `;
}

/** How often it was seen, and the files that were kept of it, as links. */
function keptOf({ seen, evidence = [] }: ReportedViolation): Markup {
  const times = seen === undefined ? "" : `${seenText(seen)}. `;
  const files = evidence.map((path) =>
    html`
      <a href="${path}">${path.split("/").at(-1)!}</a>
    `
  );
  return times === "" && files.length === 0 ? html`` : html`
    <p class="kept">${times}${files.length > 0 ? "Kept of it: " : ""}${files}</p>
  `;
}

const STATES = {
  held: ["✓", "held"],
  violated: ["✕", "violated"],
  untested: ["–", "not tested"],
  undecided: ["?", "undecided"],
} as const;

/** A guarantee a row, a backend a column. */
export function guaranteesSection({ backends }: ChaosReport): Markup {
  const rows = GUARANTEES.map(({ id, title }) => {
    const cells = backends.map((backend) => {
      const state = guaranteeState(backend, id);
      const [mark, word] = STATES[state.kind];
      const reason = "reason" in state ? `: ${state.reason}` : "";
      return html`
        <td class="state is-${state.kind}"
          title="${word}${reason}"><span aria-hidden="true">${mark}</span> <span class="word">${word}</span></td>
      `;
    });
    return html`
      <tr><th scope="row"><span class="id">${id}</span> ${title}</th>${cells}</tr>
    `;
  });
  return table(["Guarantee", ...backends.map(nameOf)], rows, "matrix");
}

/** What each backend's run was. */
export function backendsSection({ backends }: ChaosReport): Markup {
  const rows = backends.map((backend) => {
    const { histories, operations, deaths, outages, durationMs, slowestInOutage: slow } = backend;
    const slowest = slow === null
      ? html`<span class="none">–</span>`
      : html`${latency(slow.latencyMs)} <span class="aside">${slow.call}, ${slow.fault}</span>`;
    return html`
      <tr><th scope="row">${nameOf(backend)}</th>${[histories, operations, deaths, outages].map((
        value,
      ) => html`<td class="number">${grouped(value)}</td>`)}<td class="number">${seconds(
        durationMs,
      )}</td><td>${slowest}</td></tr>
    `;
  });
  const head = ["Backend", "Histories", "Operations", "Pod deaths", "Outages", "Time"];
  return table([...head, "Slowest call while the store was away"], rows, "runs");
}

/** How often each fault took place. */
export function faultsSection(backends: readonly ReportedBackend[]): Markup {
  const fired = new Set(backends.flatMap(({ faults }) => Object.keys(faults)));
  const known = FAULT_KINDS.filter(({ kind }) => fired.delete(kind));
  const rows = [
    ...known,
    ...[...fired].map((kind) => ({ kind, guarantee: "", effect: "" })),
  ].map(({ kind, guarantee, effect }) => {
    const counts = backends.map(({ faults }) => {
      const value = faults[kind];
      return value === undefined
        ? html`<td class="number none">–</td>`
        : html`<td class="number${value === 0 ? " is-zero" : ""}">${grouped(value)}</td>`;
    });
    return html`
      <tr><th scope="row"><code>${kind}</code></th><td>${guarantee}</td><td class="effect">${effect}</td>${counts}</tr>
    `;
  });
  return table(["Fault", "Attacks", "What happens", ...backends.map(nameOf)], rows, "faults");
}

/** What had to be seen at least once. */
export function assertionsSection(sometimes: Readonly<Record<string, number>>): Markup {
  const rows = Object.entries(sometimes).map(([name, seen]) =>
    html`
      <tr>
        <th scope="row">${name}</th>
        <td class="number${seen === 0 ? " is-zero" : ""}">${seen === 0
          ? "never"
          : grouped(seen)}</td>
      </tr>
    `
  );
  return table(["What", "Times"], rows, "assertions");
}

/** Which mutants were found, and by what. */
export function mutantsSection(mutants: ChaosReport["mutants"]): Markup {
  const rows = mutants.map(({ name, guarantee, killed, killedBy }) =>
    html`
      <tr>
        <th scope="row"><code>${name}</code></th>
        <td>${guarantee}</td>
        <td class="state is-${killed ? "held" : "violated"}">${killed
          ? `✓ by ${killedBy ?? ""}`
          : "✕ survived"}</td>
      </tr>
    `
  );
  return table(["Mutant", "Breaks", "Found"], rows, "mutants");
}

function table(head: readonly string[], rows: readonly Markup[], name: string): Markup {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${name}">
      <table class="${name}">
        <thead>
          <tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr>
        </thead>
        <tbody>
    ${rows}</tbody>
      </table>
    </div>
  `;
}
