/**
 * `index.html`: a run on one page that needs nothing else, neither a network nor a server.
 *
 * @module
 */

import type { History } from "../history.ts";
import { type ChaosReport, nameOf } from "../report.ts";
import { html, jsonMarkup, Markup } from "./markup.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page_assets.ts";
import { type PageHistory, pageHistory } from "./page_data.ts";
import { latencySection } from "./page_latency.ts";
import {
  assertionsSection,
  backendsSection,
  faultsSection,
  guaranteesSection,
  mutantsSection,
  timeline,
  violationArticle,
} from "./page_sections.ts";
import { extent, headline } from "./verdict.ts";

/** A history that held, to be looked at. */
export interface SampleHistory {
  /** The name of the backend that it was made on. */
  readonly backend: string;
  /** The history itself. */
  readonly history: History;
}

/** A part of the page, with its place in the list of contents. */
interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}

/** The report as a page. */
export function pageHtml(report: ChaosReport, samples: readonly SampleHistory[]): string {
  const histories: PageHistory[] = [];
  const show = (history: History, label: string) =>
    timeline(histories.push(pageHistory(history)) - 1, label);
  const sections = sectionsOf(report, samples, show);
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
        <title>${headline(report)} – chaos</title>
        <style>${new Markup(PAGE_STYLE)}</style>
      </head>
      <body>
    <a class="skip" href="#main">Skip to the report</a>
    ${header(report, sections)}
    <main id="main">
    ${sections.map(({ id, title, body }) =>
      html`
        <section id="${id}"
          aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
        ${body}</section>
      `
    )}</main>
    ${footer(report)}
    ${HELP}
    <div class="toast" role="status" id="toast"></div>
    <script type="application/json" id="chaos-histories">${jsonMarkup(histories)}</script>
    <script>${new Markup(PAGE_SCRIPT)}</script>
      </body>
    </html>
  `;
  return page.toString();
}

function sectionsOf(
  report: ChaosReport,
  samples: readonly SampleHistory[],
  show: (history: History, label: string) => Markup,
): Section[] {
  const { backends, mutants, sometimes } = report;
  const violations = backends.flatMap((backend) =>
    backend.violations.map((violation) => ({ violation, name: nameOf(backend) }))
  );
  const sections: (Section | undefined)[] = [
    violations.length === 0 ? undefined : {
      id: "violations",
      title: violations.length === 1 ? "The violation" : "Violations",
      body: html`${
        violations.map(({ violation, name }, index) =>
          violationArticle(
            { violation, name, number: index + 1, of: violations.length },
            show({ settings: violation.settings, events: violation.history }, "The smallest case"),
          )
        )
      }`,
    },
    backends.length === 0 ? undefined : {
      id: "guarantees",
      title: "Guarantees",
      body: guaranteesSection(report),
    },
    backends.length === 0
      ? undefined
      : { id: "runs", title: "What was run", body: backendsSection(report) },
    samples.length === 0 ? undefined : {
      id: "histories",
      title: samples.length === 1 ? "A history that held" : "Histories that held",
      body: samplesSection(samples, show),
    },
    latencySection(backends),
    backends.every(({ faults }) => Object.keys(faults).length === 0)
      ? undefined
      : { id: "faults", title: "Faults that took place", body: faultsSection(backends) },
    sometimes === undefined ? undefined : {
      id: "assertions",
      title: "Seen at least once",
      body: assertionsSection(sometimes),
    },
    mutants.length === 0
      ? undefined
      : { id: "mutants", title: "Mutants", body: mutantsSection(mutants) },
  ];
  return sections.filter((section) => section !== undefined);
}

function samplesSection(
  samples: readonly SampleHistory[],
  show: (history: History, label: string) => Markup,
): Markup {
  return html`
    <p
      class="lead">One history of each backend, the one with most kinds of faults: it shows what a run does. A
    call whose outcome nobody knows may take effect at any later moment, so its bar has no end.</p>
    ${samples.map(({ backend, history }) =>
      html`
        <article class="card"><h3>${backend}</h3>
        ${show(history, `A history on ${backend}`)}</article>
      `
    )}
  `;
}

function header(report: ChaosReport, sections: readonly Section[]): Markup {
  const { verdict, problems, startedAt } = report;
  const when = startedAt.slice(0, 16).replace("T", " ");
  return html`
    <header class="top is-${verdict}">
      <div class="top-inner">
    <p class="eyebrow">@hakgal/sessions · chaos <span>${when} UTC</span></p>
    <h1><span class="mark" aria-hidden="true">${{
      "held": "✓",
      "violated": "✕",
      "could-not-run": "!",
      "proved-nothing": "!",
    }[verdict]}</span>${headline(report)}</h1>
    <p class="extent">${extent(report)}</p>
    ${problems.length === 0
      ? ""
      : html`<ul class="problems">${problems.map((problem) => html`<li>${problem}</li>`)}</ul>`}
    <nav aria-label="Contents"><ul>${sections.map(({ id, title }) =>
      html`<li><a href="#${id}">${title}</a></li>`
    )}</ul><button type="button" class="quiet" data-help aria-haspopup="dialog">Keys <kbd>?</kbd></button></nav>
      </div>
    </header>
  `;
}

function footer({ skipped }: ChaosReport): Markup {
  if (skipped.length === 0) return html``;
  const items = skipped.map(({ backend, reason }) => html`<li><b>${backend}</b>: ${reason}</li>`);
  return html`
    <footer>
      <h2>Not tested</h2>
      <ul>${items}</ul>
    </footer>
  `;
}

const KEYS: readonly (readonly [keys: readonly string[], effect: string])[] = [
  [["n"], "next violation"],
  [["p"], "previous violation"],
  [["?"], "these keys"],
  [["←", "→"], "in a timeline: earlier, later"],
  [["+", "−"], "in a timeline: closer, wider"],
  [["0"], "in a timeline: the whole history"],
  [["j", "k"], "in a timeline: next, previous operation"],
  [["Esc"], "in a timeline: leave the operation"],
];

const HELP = html`
  <dialog id="help" aria-labelledby="help-title">
    <h2 id="help-title">Keys</h2>
    <dl>${KEYS.map(([keys, effect]) =>
      html`
        <div>
          <dt>${keys.map((key) =>
            html`
              <kbd>${key}</kbd>
            `
          )}</dt>
          <dd>${effect}</dd>
        </div>
      `
    )}</dl>
    <form method="dialog"><button>Close</button></form>
  </dialog>
`;
