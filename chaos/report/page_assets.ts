// Made by `deno task build:page` of scripts/report_page: change it there.

/** The page's style. */
export const PAGE_STYLE: string = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9;
  --surface: #ffffff;
  --sunken: #f1f3f6;
  --ink: #171a21;
  --soft: #565e6c;
  --line: #dfe3e9;
  --strong-line: #c3c9d3;
  --accent: #2456c7;
  --held: #14703f;
  --held-ground: #e4f4ea;
  --violated: #b3261e;
  --violated-ground: #fcebe9;
  --unsure: #8a5a00;
  --unsure-ground: #fdf3dc;
  --write: #3a69cf;
  --write-ink: #ffffff;
  --read: #d5e1f9;
  --read-line: #7d9bdc;
  --read-ink: #1d3a7a;
  --degraded: #0d7d73;
  --degraded-ink: #ffffff;
  --nothing: #dde1e7;
  --nothing-line: #9aa3b0;
  --nothing-ink: #39414e;
  --refused: #e9c46a;
  --refused-line: #a87b12;
  --refused-ink: #4a3500;
  --unknown: #efe6fb;
  --unknown-line: #7a4cc4;
  --unknown-ink: #4b2491;
  --culprit: #c62a20;
  --culprit-ink: #ffffff;
  --fault: #ffe0ad;
  --fault-line: #c07a12;
  --fault-ink: #5b3a00;
  --shade: rgb(226 147 21 / 12%);
  --before: #6b7688;
  --during: #c46a00;
  --after: #2456c7;
  --shadow: 0 1px 2px rgb(20 26 38 / 6%), 0 4px 16px rgb(20 26 38 / 5%);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}

@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1116;
    --surface: #161b22;
    --sunken: #11161d;
    --ink: #e7ebf1;
    --soft: #9ba6b5;
    --line: #2a313c;
    --strong-line: #414b59;
    --accent: #84adff;
    --held: #5fd195;
    --held-ground: #10291c;
    --violated: #ff8178;
    --violated-ground: #35161a;
    --unsure: #efbf5b;
    --unsure-ground: #30250d;
    --write: #4f7ee6;
    --write-ink: #ffffff;
    --read: #1f3157;
    --read-line: #5577bd;
    --read-ink: #c6d8ff;
    --degraded: #1a8f84;
    --degraded-ink: #ffffff;
    --nothing: #2c343f;
    --nothing-line: #667181;
    --nothing-ink: #c9d1dc;
    --refused: #6b5313;
    --refused-line: #c99a2e;
    --refused-ink: #ffe9b0;
    --unknown: #2a1f42;
    --unknown-line: #a57df0;
    --unknown-ink: #dcc9ff;
    --culprit: #d9382d;
    --culprit-ink: #ffffff;
    --fault: #51380f;
    --fault-line: #d4962f;
    --fault-ink: #ffdca3;
    --shade: rgb(240 170 50 / 11%);
    --before: #98a3b3;
    --during: #f0a040;
    --after: #84adff;
    --shadow: none;
  }
}

* {
  box-sizing: border-box;
}

html {
  scroll-behavior: smooth;
  scroll-padding-top: 16px;
}

@media (prefers-reduced-motion: reduce) {
  html {
    scroll-behavior: auto;
  }
}

body {
  margin: 0;
  background: var(--ground);
  color: var(--ink);
  font: 15px/1.55 var(--sans);
  -webkit-text-size-adjust: 100%;
}

.top-inner,
main,
footer {
  max-width: 1240px;
  margin: 0 auto;
  padding: 0 32px;
}

@media (max-width: 640px) {
  .top-inner,
  main,
  footer {
    padding: 0 16px;
  }
}

.skip {
  position: absolute;
  left: -999px;
}

.skip:focus {
  left: 16px;
  top: 8px;
  padding: 6px 12px;
  background: var(--surface);
  z-index: 2;
}

:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
  border-radius: 4px;
}

a {
  color: var(--accent);
  text-underline-offset: 3px;
}

code,
pre,
kbd {
  font-family: var(--mono);
  font-size: 0.88em;
}

/* The head. */

.top {
  background: var(--surface);
  border-bottom: 1px solid var(--line);
  border-top: 4px solid var(--unsure);
}

.top.is-held {
  border-top-color: var(--held);
}

.top.is-violated {
  border-top-color: var(--violated);
}

.top-inner {
  padding-top: 28px;
}

.eyebrow {
  margin: 0 0 6px;
  color: var(--soft);
  font-size: 13px;
}

.top .eyebrow {
  display: flex;
  justify-content: space-between;
  gap: 16px;
  flex-wrap: wrap;
}

h1 {
  display: flex;
  align-items: center;
  gap: 14px;
  margin: 0;
  font-size: 32px;
  line-height: 1.2;
  letter-spacing: -0.015em;
  font-weight: 680;
}

.mark {
  display: inline-grid;
  place-items: center;
  flex: none;
  width: 36px;
  height: 36px;
  border-radius: 50%;
  font-size: 19px;
  font-weight: 700;
  background: var(--unsure-ground);
  color: var(--unsure);
}

.is-held .mark {
  background: var(--held-ground);
  color: var(--held);
}

.is-violated .mark {
  background: var(--violated-ground);
  color: var(--violated);
}

.extent {
  margin: 8px 0 0;
  color: var(--soft);
  font-variant-numeric: tabular-nums;
}

.problems {
  margin: 16px 0 0;
  padding: 12px 16px 12px 34px;
  border-radius: 8px;
  background: var(--unsure-ground);
  color: var(--unsure);
}

nav {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 16px;
  margin-top: 20px;
}

nav ul {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 22px;
  margin: 0;
  padding: 0;
  list-style: none;
}

nav a {
  display: block;
  padding: 8px 0 12px;
  color: var(--soft);
  font-size: 14px;
  text-decoration: none;
}

nav a:hover {
  color: var(--accent);
}

/* The end. */

footer {
  padding-bottom: 8px;
  color: var(--soft);
}

footer h2 {
  margin-top: 40px;
  color: var(--ink);
}

main {
  padding-bottom: 48px;
}

dialog {
  width: min(440px, 90vw);
  padding: 22px 24px;
  border: 1px solid var(--strong-line);
  border-radius: 12px;
  background: var(--surface);
  color: var(--ink);
  box-shadow: 0 12px 48px rgb(0 0 0 / 30%);
}

dialog::backdrop {
  background: rgb(10 14 20 / 45%);
}

dl {
  margin: 0 0 18px;
}

dl > div {
  display: flex;
  gap: 14px;
  padding: 4px 0;
}

dt {
  flex: none;
  width: 84px;
}

dd {
  margin: 0;
}

.toast {
  position: fixed;
  left: 50%;
  bottom: 24px;
  max-width: 90vw;
  padding: 8px 16px;
  border-radius: 999px;
  background: var(--ink);
  color: var(--ground);
  font-size: 14px;
  opacity: 0;
  transform: translateX(-50%);
  transition: opacity 0.15s;
  pointer-events: none;
}

.toast.is-shown {
  opacity: 1;
}

@media print {
  .toolbar,
  .overview,
  nav,
  .toast {
    display: none;
  }
}

/* Sections. */

section {
  margin: 40px 0 0;
}

h2 {
  margin: 0 0 14px;
  font-size: 20px;
  letter-spacing: -0.01em;
}

h3 {
  margin: 0 0 12px;
  font-size: 16px;
}

section > h3 {
  margin: 20px 0 8px;
}

.lead {
  max-width: 76ch;
  margin: -6px 0 14px;
  color: var(--soft);
}

.card {
  margin: 0 0 20px;
  padding: 20px 24px 22px;
  border: 1px solid var(--line);
  border-radius: 12px;
  background: var(--surface);
  box-shadow: var(--shadow);
}

.violation {
  border-left: 4px solid var(--violated);
}

.violation h3 {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px 10px;
  margin-bottom: 8px;
  font-size: 18px;
}

.violation h3 code {
  color: var(--soft);
  font-weight: 500;
}

.violation h4 {
  display: flex;
  align-items: baseline;
  gap: 10px;
  margin: 20px 0 10px;
  font-size: 15px;
}

.violation h4 span {
  color: var(--soft);
  font-weight: 400;
  font-size: 13px;
}

.badge {
  padding: 1px 9px;
  border-radius: 999px;
  font-size: 14px;
  font-weight: 650;
}

.badge.is-violated {
  background: var(--violated-ground);
  color: var(--violated);
}

.message {
  max-width: 92ch;
  margin: 0 0 16px;
  overflow-wrap: anywhere;
}

.replay {
  display: flex;
  align-items: center;
  gap: 12px;
  padding: 8px 8px 8px 14px;
  border: 1px solid var(--line);
  border-radius: 8px;
  background: var(--sunken);
}

.replay .label {
  flex: none;
  color: var(--soft);
  font-size: 13px;
}

.replay code {
  flex: 1;
  min-width: 0;
  overflow-x: auto;
  white-space: nowrap;
  padding: 3px 0;
}

button {
  flex: none;
  padding: 4px 12px;
  border: 1px solid var(--strong-line);
  border-radius: 6px;
  background: var(--surface);
  color: var(--ink);
  font: inherit;
  font-size: 13px;
  cursor: pointer;
}

button:hover {
  border-color: var(--accent);
  color: var(--accent);
}

button:disabled {
  opacity: 0.45;
  cursor: default;
}

button.quiet {
  border-color: transparent;
  background: none;
  color: var(--soft);
}

kbd {
  display: inline-block;
  min-width: 22px;
  padding: 0 6px;
  border: 1px solid var(--strong-line);
  border-bottom-width: 2px;
  border-radius: 5px;
  background: var(--surface);
  text-align: center;
}

details {
  margin-top: 14px;
}

summary {
  width: fit-content;
  color: var(--accent);
  font-size: 14px;
  cursor: pointer;
}

pre {
  max-height: 420px;
  margin: 10px 0 0;
  padding: 12px 14px;
  overflow: auto;
  border-radius: 8px;
  background: var(--sunken);
  font-size: 12.5px;
  line-height: 1.6;
}

/* Tables. */

.scroll {
  max-width: 100%;
  overflow-x: auto;
  border: 1px solid var(--line);
  border-radius: 12px;
  background: var(--surface);
  box-shadow: var(--shadow);
}

table {
  width: 100%;
  border-collapse: collapse;
  font-size: 14px;
  font-variant-numeric: tabular-nums;
}

th,
td {
  padding: 7px 14px;
  text-align: left;
  vertical-align: middle;
  white-space: nowrap;
}

thead th {
  padding-top: 10px;
  padding-bottom: 10px;
  color: var(--soft);
  font-size: 13px;
  font-weight: 560;
  border-bottom: 1px solid var(--line);
}

tbody th {
  font-weight: 520;
}

tbody tr + tr > * {
  border-top: 1px solid var(--line);
}

.number {
  text-align: right;
}

.runs th:nth-child(n + 2):nth-child(-n + 6),
.faults th:nth-child(n + 4),
.assertions th:nth-child(2) {
  text-align: right;
}

.effect {
  min-width: 260px;
  color: var(--soft);
  white-space: normal;
}

.aside,
.none {
  color: var(--soft);
}

.aside {
  margin-left: 8px;
  font-size: 13px;
}

.is-zero {
  color: var(--unsure);
  font-weight: 650;
}

.matrix .id {
  display: inline-block;
  width: 40px;
  color: var(--soft);
  font-weight: 600;
}

.state.is-held {
  color: var(--held);
}

.state.is-violated {
  background: var(--violated-ground);
  color: var(--violated);
  font-weight: 650;
}

.state.is-untested {
  color: var(--soft);
}

.state.is-undecided {
  background: var(--unsure-ground);
  color: var(--unsure);
}

/* Latency. */

.key {
  display: inline-flex;
  align-items: center;
  gap: 6px;
  margin: 0 10px 0 0;
  color: var(--ink);
}

.key::before {
  content: "";
  width: 18px;
  height: 4px;
  border-radius: 2px;
  background: var(--before);
}

.key.is-during::before {
  background: var(--during);
}

.key.is-after::before {
  background: var(--after);
}

.latency td,
.latency th {
  padding: 5px 10px;
}

.latency .first {
  border-left: 1px solid var(--line);
}

.latency thead tr:first-child th[scope="colgroup"] {
  padding-bottom: 2px;
  border-bottom: 0;
  border-left: 1px solid var(--line);
  color: var(--before);
  text-align: center;
  font-weight: 650;
}

.latency thead .is-during[scope] {
  color: var(--during);
}

.latency thead .is-after[scope] {
  color: var(--after);
}

.latency thead td {
  border-bottom: 1px solid var(--line);
  vertical-align: bottom;
}

.latency thead th[rowspan] {
  vertical-align: bottom;
}

.axis svg {
  display: block;
}

.axis text {
  fill: var(--soft);
  font-size: 11px;
  text-anchor: middle;
}

.axis .grid {
  stroke: var(--line);
}

.axis line {
  stroke: var(--before);
  stroke-width: 2;
}

.axis .grid {
  stroke-width: 1;
}

.axis circle,
.axis rect {
  fill: var(--before);
}

.axis .is-during line {
  stroke: var(--during);
}

.axis .is-during :is(circle, rect) {
  fill: var(--during);
}

.axis .is-after line {
  stroke: var(--after);
}

.axis .is-after :is(circle, rect) {
  fill: var(--after);
}

/* Timelines. */

.toolbar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 6px;
  margin-bottom: 10px;
}

.toolbar button {
  min-width: 34px;
  padding: 3px 9px;
}

.toolbar label {
  margin-left: 10px;
  color: var(--soft);
  font-size: 13px;
}

.toolbar input {
  accent-color: var(--accent);
  vertical-align: -2px;
}

.view-note {
  margin: 0 0 0 auto;
  color: var(--soft);
  font-size: 13px;
  font-variant-numeric: tabular-nums;
}

.overview {
  height: 40px;
  margin-bottom: 8px;
  border-radius: 8px;
  background: var(--sunken);
  overflow: hidden;
  cursor: grab;
  touch-action: none;
}

.overview svg {
  display: block;
  width: 100%;
  height: 100%;
}

.overview .density {
  fill: var(--read-line);
}

.overview .culprit {
  fill: var(--culprit);
}

.overview .frame {
  fill: var(--accent);
  fill-opacity: 0.1;
  stroke: var(--accent);
  stroke-width: 2;
  vector-effect: non-scaling-stroke;
}

.stage {
  min-height: 120px;
  border: 1px solid var(--line);
  border-radius: 8px;
  overflow: hidden;
}

.stage svg {
  display: block;
  user-select: none;
}

.lanes text {
  font: 11px/1 var(--sans);
  fill: var(--ink);
  pointer-events: none;
}

.lane {
  fill: var(--surface);
}

.lane.is-even {
  fill: var(--sunken);
}

.lane-name-back {
  fill: var(--surface);
  fill-opacity: 0.001;
}

.lanes .lane-name {
  font-size: 13px;
  font-weight: 620;
}

.tick {
  stroke: var(--line);
}

.lanes .tick-name {
  fill: var(--soft);
  text-anchor: middle;
}

.shade {
  fill: var(--shade);
}

.healed {
  stroke: var(--held);
  stroke-dasharray: 4 4;
}

.lanes .healed-name {
  fill: var(--held);
}

.window {
  fill: var(--fault);
  stroke: var(--fault-line);
}

.moment {
  fill: var(--fault-line);
}

.lanes .fault-name {
  fill: var(--fault-ink);
}

.death path {
  fill: none;
  stroke: var(--violated);
  stroke-width: 2;
}

.told circle {
  fill: var(--surface);
  stroke: var(--soft);
  stroke-width: 1.5;
}

.op {
  cursor: pointer;
}

.op rect {
  fill: var(--write);
  stroke: transparent;
  stroke-width: 1;
}

.op text {
  fill: var(--write-ink);
}

.op.is-read rect {
  fill: var(--read);
  stroke: var(--read-line);
}

.op.is-read text {
  fill: var(--read-ink);
}

.op.is-degraded rect {
  fill: var(--degraded);
}

.op.is-degraded text {
  fill: var(--degraded-ink);
}

.op.is-nothing rect {
  fill: var(--nothing);
  stroke: var(--nothing-line);
}

.op.is-nothing text {
  fill: var(--nothing-ink);
}

.op.is-refused rect {
  fill: var(--refused);
  stroke: var(--refused-line);
}

.op.is-refused text {
  fill: var(--refused-ink);
}

.op.is-ambiguous rect {
  fill: url("#hatching");
  stroke: var(--unknown-line);
}

.op.is-ambiguous text {
  fill: var(--unknown-ink);
  font-weight: 600;
  paint-order: stroke;
  stroke: var(--unknown);
  stroke-width: 4px;
  stroke-linejoin: round;
}

.hatch-back {
  fill: var(--unknown);
}

.hatch-line {
  fill: var(--unknown-line);
  fill-opacity: 0.28;
}

.op.is-culprit rect {
  stroke: var(--culprit);
  stroke-width: 2.5;
}

.op.is-culprit:not(.is-ambiguous) rect {
  fill: var(--culprit);
}

.op.is-culprit:not(.is-ambiguous) text {
  fill: var(--culprit-ink);
  font-weight: 650;
}

.op:hover rect,
.op.is-selected rect {
  stroke: var(--ink);
  stroke-width: 2;
}

.lanes .density {
  fill: var(--write);
  fill-opacity: 0.75;
}

.lanes .density.is-ambiguous {
  fill: var(--unknown-line);
  fill-opacity: 1;
}

.detail {
  min-height: 22px;
  margin-top: 10px;
  font-size: 14px;
  overflow-wrap: anywhere;
}

.detail em {
  font-style: normal;
  font-weight: 560;
}

.detail code {
  display: block;
  color: var(--soft);
}

.legend {
  display: flex;
  flex-wrap: wrap;
  gap: 4px 18px;
  margin: 8px 0 0;
  padding: 0;
  color: var(--soft);
  font-size: 13px;
  list-style: none;
}

.legend li {
  display: flex;
  align-items: center;
  gap: 6px;
}

.as-table .scroll {
  max-height: 420px;
  margin-top: 10px;
  box-shadow: none;
}

.calls {
  font-size: 13px;
}

.calls td:last-child {
  max-width: 460px;
  overflow: hidden;
  text-overflow: ellipsis;
}

.calls .is-culprit > * {
  background: var(--violated-ground);
}

.pager {
  margin: 10px 0 0;
  color: var(--soft);
  font-size: 13px;
}
`;

/** The page's script. */
export const PAGE_SCRIPT: string = `
(() => {
  // chaos/report/page_data.ts
  var STATUSES = [
    "done",
    "degraded",
    "nothing",
    "refused",
    "ambiguous"
  ];

  // scripts/report_page/operations.ts
  var NO_END = Infinity;
  var ANSWERED_ROWS = 8;
  var ENDLESS_ROWS = 4;
  function layOut({ operations, lanes }) {
    const count = operations.op.length;
    const from = new Float64Array(count);
    const until = new Float64Array(count);
    const row = new Uint8Array(count);
    const stacks = lanes.map(() => new Stack());
    let before = 0;
    for (let index = 0; index < count; index++) {
      before += operations.after[index];
      const span = operations.span[index];
      from[index] = before;
      until[index] = span < 0 ? NO_END : before + span;
      row[index] = stacks[operations.lane[index]].place(before, until[index]);
    }
    const answered = stacks.map((stack2) => stack2.answeredRows);
    for (let index = 0; index < count; index++) {
      if (until[index] === NO_END) row[index] += answered[operations.lane[index]];
    }
    return {
      count,
      from,
      until,
      row,
      rows: stacks.map((stack2) => stack2.rows)
    };
  }
  var Stack = class {
    #ends = [];
    #endless = 0;
    get answeredRows() {
      return this.#ends.length;
    }
    get rows() {
      return this.#ends.length + Math.min(this.#endless, ENDLESS_ROWS);
    }
    place(from, until) {
      if (until === NO_END) return this.#endless++ % ENDLESS_ROWS;
      let row = this.#ends.findIndex((end) => end < from);
      if (row < 0) {
        row = this.#ends.length < ANSWERED_ROWS ? this.#ends.length : this.#ends.indexOf(Math.min(...this.#ends));
      }
      this.#ends[row] = until;
      return row;
    }
  };
  function between(operations, from, until) {
    const found = [];
    for (let index = 0; index < operations.count && operations.from[index] <= until; index++) {
      if (operations.until[index] >= from) found.push(index);
    }
    return found;
  }
  function stack(spans) {
    const ends = [];
    return spans.map(({ from, until }) => {
      const free = ends.findIndex((end) => end < from);
      const row = free < 0 ? ends.length : free;
      ends[row] = until;
      return row;
    });
  }

  // scripts/report_page/svg.ts
  var SVG = "http://www.w3.org/2000/svg";
  function draw(name, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.append(...children);
    return element;
  }
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.append(...children);
    return element;
  }

  // scripts/report_page/time_scale.ts
  function trueScale(endsAt) {
    return {
      length: endsAt,
      position: (time) => time,
      time: (position) => position
    };
  }
  var TRUE_GAPS = 4;
  function squeezedScale(moments2, endsAt) {
    const times = Float64Array.from(/* @__PURE__ */ new Set([
      0,
      ...moments2,
      endsAt
    ])).sort();
    const gaps = times.slice(1).map((time, index) => time - times[index]);
    const bound = Math.max(1, TRUE_GAPS * median(gaps));
    const positions = new Float64Array(times.length);
    gaps.forEach((gap, index) => {
      const width = gap <= bound ? gap : bound * (1 + Math.log(gap / bound));
      positions[index + 1] = positions[index] + width;
    });
    const length = positions.at(-1) ?? 0;
    return {
      length,
      position: (time) => interpolate(times, positions, time),
      time: (position) => interpolate(positions, times, position)
    };
  }
  function median(values) {
    const sorted = values.toSorted();
    return sorted[sorted.length >> 1] ?? 1;
  }
  function interpolate(from, to, value) {
    const after = firstAbove(from, value);
    if (after === 0) return to[0] ?? 0;
    if (after === from.length) return to.at(-1) ?? 0;
    const [left, right] = [
      from[after - 1],
      from[after]
    ];
    const share = right === left ? 0 : (value - left) / (right - left);
    return to[after - 1] + share * (to[after] - to[after - 1]);
  }
  function firstAbove(values, value) {
    let [low, high] = [
      0,
      values.length
    ];
    while (low < high) {
      const middle = low + high >> 1;
      if (values[middle] > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }
  function axisTimes(scale, from, until, count) {
    const step = (until - from) / count;
    const times = [];
    for (let index = 0; index < count; index++) {
      const middle = from + (index + 0.5) * step;
      const around = scale.time(middle + step / 2) - scale.time(middle - step / 2);
      const unit = 10 ** Math.floor(Math.log10(Math.max(1, around / 2)));
      const time = Math.round(scale.time(middle) / unit) * unit;
      const at = scale.position(time);
      if (at >= from && at <= until && times.at(-1) !== time) times.push(time);
    }
    return times;
  }
  function timeText(time) {
    const timeMs = time / 100;
    if (timeMs < 1e3) return \`\${Number(timeMs.toFixed(timeMs < 10 ? 2 : 1))} ms\`;
    return \`\${Number((timeMs / 1e3).toFixed(timeMs < 1e5 ? 3 : 1))} s\`;
  }

  // scripts/report_page/drawing.ts
  var GUTTER = 76;
  var AXIS = 26;
  var ROW = 20;
  var BAR = 16;
  var PADDING = 8;
  var LETTER = 6.3;
  var MOST_BARS = 1200;
  var COLUMN = 4;
  function drawScene(scene, { from, until }, width, selected) {
    const drawing = new Drawing(scene, {
      from,
      until
    }, width);
    return drawing.draw(selected);
  }
  function shareAt(x, width) {
    return Math.max(0, Math.min(1, (x - GUTTER) / (width - GUTTER)));
  }
  var Drawing = class {
    #scene;
    #range;
    #width;
    #lanes;
    #faultRows;
    #height;
    constructor(scene, range, width) {
      this.#scene = scene;
      this.#range = range;
      this.#width = width;
      const { history, operations } = scene;
      const faultRows = /* @__PURE__ */ new Map();
      const lanes = [];
      let top = AXIS;
      for (const index of history.lanes.keys()) {
        const faults = history.faults.filter(({ lane }) => lane === index);
        const rows = stack(faults);
        faults.forEach((fault, place) => faultRows.set(fault, rows[place]));
        const callsTop = top + PADDING + ROW * (1 + Math.max(-1, ...rows));
        const rowsOfCalls = Math.max(operations.rows[index], rows.length > 0 ? 0 : 1);
        const height = callsTop - top + ROW * rowsOfCalls + PADDING;
        lanes.push({
          top,
          height,
          callsTop
        });
        top += height;
      }
      this.#lanes = lanes;
      this.#faultRows = faultRows;
      this.#height = top + 4;
    }
    draw(selected) {
      const { operations, scale, culprits } = this.#scene;
      const { from, until } = this.#range;
      const inView = between(operations, scale.time(from), scale.time(until));
      const isDense = inView.length > MOST_BARS;
      const bars = isDense ? inView.filter((index) => culprits.has(index)) : inView;
      const body = draw("g", {}, ...this.#laneBacks(), ...this.#shades(), ...this.#axis(), ...isDense ? this.#density(inView) : [], ...bars.map((index) => this.#bar(index, index === selected)), ...this.#faults(), ...this.#notes(), ...this.#laneNames());
      const size = {
        width: this.#width,
        height: this.#height
      };
      const svg = draw("svg", {
        ...size,
        class: "lanes",
        viewBox: \`0 0 \${size.width} \${size.height}\`,
        "aria-hidden": "true"
      }, hatching(), body);
      return {
        svg,
        drawn: bars.length,
        inView
      };
    }
    #x(time) {
      const { from, until } = this.#range;
      const position = this.#scene.scale.position(Math.min(time, this.#scene.history.endsAt));
      return GUTTER + (position - from) / (until - from) * (this.#width - GUTTER);
    }
    /** An x that a path can have: what is far outside is cut off. */
    #clipped(time) {
      return Math.max(GUTTER, Math.min(time === NO_END ? this.#width : this.#x(time), this.#width));
    }
    #laneBacks() {
      return this.#lanes.map(({ top, height }, index) => draw("rect", {
        ...{
          x: 0,
          y: top,
          width: this.#width,
          height
        },
        class: \`lane\${index % 2 === 0 ? " is-even" : ""}\`
      }));
    }
    #laneNames() {
      return this.#lanes.flatMap(({ top, height }, index) => [
        draw("rect", {
          x: 0,
          y: top,
          width: GUTTER - 6,
          height,
          class: "lane-name-back"
        }),
        draw("text", {
          x: 12,
          y: top + height / 2 + 4,
          class: "lane-name"
        }, this.#scene.history.lanes[index])
      ]);
    }
    #axis() {
      const { scale, history } = this.#scene;
      const { from, until } = this.#range;
      const count = Math.max(2, Math.floor((this.#width - GUTTER) / 120));
      const ticks = axisTimes(scale, from, until, count).flatMap((time) => {
        const x2 = this.#x(time);
        return [
          draw("line", {
            x1: x2,
            x2,
            y1: AXIS - 5,
            y2: this.#height - 4,
            class: "tick"
          }),
          draw("text", {
            x: x2,
            y: 13,
            class: "tick-name"
          }, timeText(time))
        ];
      });
      if (history.healedAt === null || !this.#isVisible(history.healedAt, history.healedAt)) {
        return ticks;
      }
      const x = this.#x(history.healedAt);
      const isAtEdge = x + 120 > this.#width;
      const text = draw("text", {
        ...{
          x: isAtEdge ? x - 5 : x + 5,
          y: this.#height - 8,
          class: "healed-name"
        },
        "text-anchor": isAtEdge ? "end" : "start"
      }, "all healed: last looks");
      return [
        ...ticks,
        draw("line", {
          x1: x,
          x2: x,
          y1: AXIS,
          y2: this.#height - 4,
          class: "healed"
        }),
        text
      ];
    }
    #shades() {
      return this.#scene.history.faults.flatMap(({ lane, from, until }) => {
        if (!this.#isVisible(from, until) || from === until) return [];
        const x = this.#clipped(from);
        const { top, height } = this.#lanes[lane];
        const isOfStore = lane === 0;
        return [
          draw("rect", {
            ...{
              x,
              width: Math.max(1, this.#clipped(until) - x),
              class: "shade"
            },
            ...{
              y: top,
              height: isOfStore ? this.#height - 4 - top : height
            }
          })
        ];
      });
    }
    #faults() {
      const drawn = this.#scene.history.faults.filter(({ from, until }) => this.#isVisible(from, until));
      return drawn.map((fault) => {
        const { kind, from, until, lane } = fault;
        const row = this.#faultRows.get(fault);
        const y = this.#lanes[lane].top + PADDING + row * ROW;
        const x = this.#clipped(from);
        const width = Math.max(3, this.#clipped(until) - x);
        const beside = drawn.find((other) => other !== fault && other.lane === lane && this.#faultRows.get(other) === row && other.from > from);
        const space = (beside ? this.#x(beside.from) : this.#width) - x - 8;
        const title = draw("title", {}, from === until ? \`\${kind} at \${timeText(from)}\` : \`\${kind} from \${timeText(from)} to \${timeText(until)}\`);
        const mark = from === until ? draw("path", {
          d: \`M\${x - 4} \${y + 3}h8l-4 9z\`,
          class: "moment"
        }) : draw("rect", {
          x,
          y,
          width,
          height: BAR,
          rx: 2,
          class: "window"
        });
        const inside = from === until ? 7 : 5;
        const label = kind.length * LETTER + inside <= space ? [
          draw("text", {
            x: x + inside,
            y: y + 12,
            class: "fault-name"
          }, kind)
        ] : [];
        return draw("g", {
          class: "fault"
        }, title, mark, ...label);
      });
    }
    #notes() {
      return this.#scene.history.notes.flatMap(({ kind, lane, at, text }) => {
        if (!this.#isVisible(at, at)) return [];
        const x = this.#x(at);
        const { top, height } = this.#lanes[lane];
        const title = draw("title", {}, \`\${timeText(at)}: \${text}\`);
        if (kind === "told") {
          const y = top + height - 5;
          return [
            draw("g", {
              class: "told"
            }, title, draw("circle", {
              cx: x,
              cy: y,
              r: 3
            }))
          ];
        }
        const cross = \`M\${x - 4} \${top + 4}l8 8m0 -8l-8 8M\${x} \${top + 12}V\${top + height}\`;
        return [
          draw("g", {
            class: "death"
          }, title, draw("path", {
            d: cross
          }))
        ];
      });
    }
    #bar(index, isSelected) {
      const { history: { operations, texts }, operations: laid, culprits } = this.#scene;
      const [from, until] = [
        laid.from[index],
        laid.until[index]
      ];
      const { callsTop } = this.#lanes[operations.lane[index]];
      const y = callsTop + laid.row[index] * ROW;
      const x = this.#clipped(from);
      const width = Math.max(4, this.#clipped(until) - x);
      const kind = texts[operations.kind[index]];
      const status = STATUSES[operations.status[index]];
      const name = \`#\${operations.op[index]} \${kind}\`;
      const classes = [
        ...[
          "op",
          \`is-\${status}\`,
          kind === "get" ? "is-read" : "is-write"
        ],
        ...until === NO_END ? [
          "is-endless"
        ] : [],
        ...culprits.has(index) ? [
          "is-culprit"
        ] : [],
        ...isSelected ? [
          "is-selected"
        ] : []
      ];
      const short = \`#\${operations.op[index]}\`;
      const label = [
        name,
        short
      ].find((text) => text.length * LETTER + 8 <= width);
      const end = until === NO_END ? "no end" : timeText(until - from);
      const title = \`\${name} \${texts[operations.session[index]]} by \${texts[operations.pod[index]]}, \${timeText(from)}, \${end}: \${texts[operations.result[index]]}\`;
      return draw("g", {
        class: classes.join(" "),
        "data-index": index
      }, draw("title", {}, title), draw("rect", {
        x,
        y,
        width,
        height: BAR,
        rx: 3
      }), ...label === void 0 ? [] : [
        draw("text", {
          x: x + 5,
          y: y + 12
        }, label)
      ]);
    }
    /** How many calls there are at each time, and how many of them have an unknown outcome. */
    #density(inView) {
      const { history: { operations }, operations: laid } = this.#scene;
      const columns = Math.ceil((this.#width - GUTTER) / COLUMN);
      const ambiguous = STATUSES.indexOf("ambiguous");
      return this.#lanes.flatMap(({ callsTop, top, height }, lane) => {
        const all = new Uint32Array(columns);
        const unknown = new Uint32Array(columns);
        for (const index of inView) {
          if (operations.lane[index] !== lane) continue;
          const column = Math.floor((this.#x(laid.from[index]) - GUTTER) / COLUMN);
          if (column < 0 || column >= columns) continue;
          all[column]++;
          if (operations.status[index] === ambiguous) unknown[column]++;
        }
        const most = all.reduce((a, b) => Math.max(a, b), 0);
        if (most === 0) return [];
        const bottom = top + height - PADDING;
        const area = (counts, name) => draw("path", {
          class: name,
          d: steps(counts, most, bottom, bottom - callsTop)
        });
        return [
          area(all, "density"),
          area(unknown, "density is-ambiguous")
        ];
      });
    }
    #isVisible(from, until) {
      const { scale } = this.#scene;
      return scale.position(until) >= this.#range.from && scale.position(from) <= this.#range.until;
    }
  };
  function steps(counts, most, bottom, height) {
    let path = \`M\${GUTTER} \${bottom}\`;
    counts.forEach((count, index) => {
      path += \`V\${(bottom - count / most * height).toFixed(1)}H\${GUTTER + (index + 1) * COLUMN}\`;
    });
    return \`\${path}V\${bottom}z\`;
  }
  function hatching() {
    return draw("defs", {}, draw("pattern", {
      ...{
        id: "hatching",
        width: 6,
        height: 6,
        patternUnits: "userSpaceOnUse"
      },
      patternTransform: "rotate(45)"
    }, draw("rect", {
      width: 6,
      height: 6,
      class: "hatch-back"
    }), draw("rect", {
      width: 2.5,
      height: 6,
      class: "hatch-line"
    })));
  }

  // scripts/report_page/operation_table.ts
  var ROWS = 100;
  var HEAD = [
    "Call",
    "Pod",
    "Session",
    "Began",
    "Took",
    "Outcome",
    "Answer"
  ];
  var OperationTable = class {
    element;
    #scene;
    #summary = make("summary");
    #body = make("div");
    #indices = [];
    #first = 0;
    constructor(scene) {
      this.#scene = scene;
      this.element = make("details", {
        class: "as-table"
      }, this.#summary, this.#body);
      this.element.addEventListener("toggle", () => this.#fill());
    }
    /** Shows these calls. */
    show(indices) {
      this.#indices = indices;
      this.#first = 0;
      const calls = \`\${indices.length.toLocaleString("en")} \${indices.length === 1 ? "call" : "calls"}\`;
      this.#summary.textContent = \`The \${calls} in view as a table\`;
      this.#fill();
    }
    #fill() {
      if (!this.element.open) return this.#body.replaceChildren();
      const shown = this.#indices.slice(this.#first, this.#first + ROWS);
      const head = make("tr", {}, ...HEAD.map((text) => make("th", {
        scope: "col"
      }, text)));
      const table = make("table", {
        class: "calls"
      }, make("thead", {}, head), make("tbody", {}, ...shown.map((index) => this.#row(index))));
      const scroll = make("div", {
        class: "scroll",
        tabindex: 0,
        role: "region",
        "aria-label": "Calls"
      }, table);
      this.#body.replaceChildren(scroll, ...this.#pager());
    }
    #row(index) {
      const { history: { operations, texts }, operations: laid, culprits } = this.#scene;
      const text = (column) => texts[column[index]];
      const [from, until] = [
        laid.from[index],
        laid.until[index]
      ];
      const cells = [
        text(operations.pod),
        text(operations.session),
        timeText(from),
        until === NO_END ? "no end" : timeText(until - from),
        STATUSES[operations.status[index]],
        text(operations.result)
      ].map((cell) => make("td", {}, cell));
      const name = make("th", {
        scope: "row"
      }, \`#\${operations.op[index]} \${text(operations.kind)}\`);
      return make("tr", {
        class: culprits.has(index) ? "is-culprit" : ""
      }, name, ...cells);
    }
    #pager() {
      const { length } = this.#indices;
      if (length <= ROWS) return [];
      const turn = (name, to) => {
        const button = make("button", {
          type: "button"
        }, name);
        button.disabled = to < 0 || to >= length;
        button.addEventListener("click", () => {
          this.#first = to;
          this.#fill();
        });
        return button;
      };
      const last = Math.min(this.#first + ROWS, length);
      const where = \`\${(this.#first + 1).toLocaleString("en")} to \${last.toLocaleString("en")}\`;
      return [
        make("p", {
          class: "pager"
        }, turn("Earlier", this.#first - ROWS), make("span", {}, \` \${where} of \${length.toLocaleString("en")} \`), turn("Later", this.#first + ROWS))
      ];
    }
  };

  // scripts/report_page/overview.ts
  var HEIGHT = 40;
  var COLUMNS = 400;
  var Overview = class {
    element = make("div", {
      class: "overview"
    });
    #scene;
    #onMove;
    #frame;
    /** \`onMove\` hears which position is to be in the middle. */
    constructor(scene, onMove) {
      this.#scene = scene;
      this.#onMove = onMove;
      this.#draw();
      this.element.addEventListener("pointerdown", (event) => this.#drag(event));
    }
    /** Shows which part is shown. */
    frame({ from, until }) {
      const { length } = this.#scene.scale;
      const [x, end] = [
        from,
        until
      ].map((position) => position / length * COLUMNS);
      this.#frame?.setAttribute("x", String(x));
      this.#frame?.setAttribute("width", String(Math.max(2, end - x)));
    }
    #drag(event) {
      const { left, width } = this.element.getBoundingClientRect();
      const move = ({ clientX }) => this.#onMove((clientX - left) / (width || 1) * this.#scene.scale.length);
      const stop = () => {
        this.element.removeEventListener("pointermove", move);
        this.element.removeEventListener("pointerup", stop);
        this.element.removeEventListener("pointercancel", stop);
      };
      this.element.setPointerCapture?.(event.pointerId);
      this.element.addEventListener("pointermove", move);
      this.element.addEventListener("pointerup", stop);
      this.element.addEventListener("pointercancel", stop);
      move(event);
    }
    #draw() {
      const { history, operations, scale, culprits } = this.#scene;
      const column = (time) => scale.position(time) / scale.length * COLUMNS;
      const counts = new Uint32Array(COLUMNS);
      for (let index = 0; index < operations.count; index++) {
        counts[Math.min(COLUMNS - 1, Math.floor(column(operations.from[index])))]++;
      }
      const most = Math.max(1, counts.reduce((a, b) => Math.max(a, b), 0));
      let path = \`M0 \${HEIGHT}\`;
      counts.forEach((count, index) => {
        path += \`V\${(HEIGHT - Math.sqrt(count / most) * (HEIGHT - 6)).toFixed(1)}H\${index + 1}\`;
      });
      const shades = history.faults.map(({ from, until }) => draw("rect", {
        ...{
          x: column(from),
          y: 0,
          height: HEIGHT,
          class: "shade"
        },
        width: Math.max(0.5, column(until) - column(from))
      }));
      const marks = [
        ...culprits
      ].map((index) => draw("rect", {
        ...{
          x: column(operations.from[index]) - 0.5,
          y: 0,
          width: 1.5,
          height: HEIGHT
        },
        class: "culprit"
      }));
      this.#frame = draw("rect", {
        x: 0,
        y: 0.5,
        width: COLUMNS,
        height: HEIGHT - 1,
        class: "frame"
      });
      const svg = draw("svg", {
        viewBox: \`0 0 \${COLUMNS} \${HEIGHT}\`,
        preserveAspectRatio: "none",
        "aria-hidden": "true"
      }, ...shades, draw("path", {
        d: \`\${path}V\${HEIGHT}z\`,
        class: "density"
      }), ...marks, this.#frame);
      this.element.replaceChildren(svg);
    }
  };

  // scripts/report_page/viewport.ts
  var STEP = 0.2;
  var ZOOM = 1.6;
  var CLOSEST = 1e-6;
  function moved(range, share, length) {
    const width = range.until - range.from;
    const from = Math.max(0, Math.min(range.from + share * width, length - width));
    return {
      from,
      until: from + width
    };
  }
  function zoomed(range, factor, length, around = 0.5) {
    const width = range.until - range.from;
    const next = Math.max(length * CLOSEST, Math.min(width / factor, length));
    const from = Math.max(0, Math.min(range.from + around * (width - next), length - next));
    return {
      from,
      until: from + next
    };
  }
  function onKey(key, range, length) {
    switch (key) {
      case "ArrowLeft":
        return moved(range, -STEP, length);
      case "ArrowRight":
        return moved(range, STEP, length);
      case "+":
      case "=":
        return zoomed(range, ZOOM, length);
      case "-":
      case "\\u2212":
        return zoomed(range, 1 / ZOOM, length);
      case "0":
        return {
          from: 0,
          until: length
        };
      default:
        return void 0;
    }
  }
  function including(range, from, until, length) {
    if (from >= range.from && until <= range.until) return range;
    const width = Math.min(length, Math.max(range.until - range.from, (until - from) * 1.2));
    const start2 = Math.max(0, Math.min((from + until - width) / 2, length - width));
    return {
      from: start2,
      until: start2 + width
    };
  }

  // scripts/report_page/timeline.ts
  var WIDTH = 960;
  var MARGIN = 0.04;
  var CLOSE = 0.15;
  var LEGEND = [
    [
      "is-done is-write",
      "write"
    ],
    [
      "is-done is-read",
      "read"
    ],
    [
      "is-degraded is-write",
      "degraded"
    ],
    [
      "is-nothing is-write",
      "found nothing"
    ],
    [
      "is-refused is-write",
      "refused"
    ],
    [
      "is-ambiguous is-write",
      "outcome unknown"
    ]
  ];
  var Timeline = class {
    #element;
    #history;
    #stage = make("div", {
      class: "stage"
    });
    #note = make("p", {
      class: "view-note"
    });
    #detail = make("div", {
      class: "detail",
      "aria-live": "polite"
    });
    #scene;
    #overview;
    #table;
    #range = {
      from: 0,
      until: 1
    };
    #selected;
    #inView = [];
    #isWaiting = false;
    /** \`culprits\` are the numbers of the calls that show a violation. */
    constructor(element, history, culprits) {
      this.#element = element;
      this.#history = history;
      const operations = layOut(history);
      const numbers = new Set(culprits);
      const indices = history.operations.op.flatMap((op, index) => numbers.has(op) ? [
        index
      ] : []);
      this.#scene = {
        ...{
          history,
          operations,
          culprits: new Set(indices)
        },
        scale: squeezedScale(moments(history, operations), history.endsAt)
      };
      this.#overview = this.#makeOverview();
      this.#table = new OperationTable(this.#scene);
      this.#build();
      this.#range = this.#firstRange();
      this.#render();
      new ResizeObserver(() => this.#renderSoon()).observe(this.#stage);
    }
    /** Shows the calls that show the violation. */
    showCulprits() {
      const { scale, culprits, operations } = this.#scene;
      const [first] = culprits;
      if (first === void 0) return;
      const begun = [
        ...culprits
      ].map((index) => scale.position(operations.from[index]));
      const from = begun.reduce((a, b) => Math.min(a, b));
      const until = begun.reduce((a, b) => Math.max(a, b));
      const width = Math.min(scale.length, Math.max(3 * (until - from), CLOSE * scale.length));
      this.#range = moved({
        from: (from + until - width) / 2,
        until: (from + until + width) / 2
      }, 0, scale.length);
      this.#select(first);
    }
    #build() {
      const label = this.#element.dataset["label"] ?? "History";
      this.#element.setAttribute("role", "group");
      this.#element.setAttribute("aria-label", label);
      this.#stage.tabIndex = 0;
      this.#stage.setAttribute("role", "group");
      this.#stage.setAttribute("aria-label", \`\${label}: timeline. Arrows move, plus and minus zoom, j and k go from call to call.\`);
      this.#stage.addEventListener("keydown", (event) => this.#onKey(event));
      this.#stage.addEventListener("click", ({ target }) => this.#onClick(target));
      this.#stage.addEventListener("wheel", (event) => this.#onWheel(event), {
        passive: false
      });
      this.#element.replaceChildren(this.#toolbar(), this.#overview.element, this.#stage, this.#detail, legend(), this.#table.element);
    }
    #toolbar() {
      const button = (name, label, range) => {
        const element = make("button", {
          type: "button",
          "aria-label": label,
          title: label
        }, name);
        element.addEventListener("click", () => this.#show(range()));
        return element;
      };
      const length = () => this.#scene.scale.length;
      const check = make("input", {
        type: "checkbox"
      });
      check.addEventListener("change", () => this.#useScale(check.checked));
      return make("div", {
        class: "toolbar"
      }, button("\\u25C0", "Earlier", () => moved(this.#range, -0.5, length())), button("\\u25B6", "Later", () => moved(this.#range, 0.5, length())), button("+", "Closer", () => zoomed(this.#range, 1.6, length())), button("\\u2212", "Wider", () => zoomed(this.#range, 1 / 1.6, length())), button("All", "The whole history", () => ({
        from: 0,
        until: length()
      })), make("label", {}, check, " true time"), this.#note);
    }
    #makeOverview() {
      return new Overview(this.#scene, (center) => {
        const width = this.#range.until - this.#range.from;
        const range = {
          from: center - width / 2,
          until: center + width / 2
        };
        this.#show(moved(range, 0, this.#scene.scale.length));
      });
    }
    /** With true time nothing is squeezed. */
    #useScale(isTrue) {
      const { history, operations, scale: old } = this.#scene;
      const times = [
        this.#range.from,
        this.#range.until
      ].map((position) => old.time(position));
      const scale = isTrue ? trueScale(history.endsAt) : squeezedScale(moments(history, operations), history.endsAt);
      this.#scene = {
        ...this.#scene,
        scale
      };
      const before = this.#overview.element;
      this.#overview = this.#makeOverview();
      before.replaceWith(this.#overview.element);
      const [from, until] = times.map((time) => scale.position(time));
      this.#show({
        from,
        until
      });
    }
    /** Up to where all faults are healed, or to the last call that shows the violation. */
    #firstRange() {
      const { scale, culprits, operations } = this.#scene;
      const { healedAt, endsAt } = this.#history;
      const ends = [
        ...culprits
      ].map((index) => {
        const until2 = operations.until[index];
        return until2 === NO_END ? operations.from[index] : until2;
      });
      const last = Math.max(healedAt ?? endsAt, ...ends);
      const until = Math.min(scale.length, scale.position(last) + MARGIN * scale.length);
      return {
        from: 0,
        until
      };
    }
    #onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const range = onKey(event.key, this.#range, this.#scene.scale.length);
      if (range !== void 0) this.#show(range);
      else if (event.key === "j") this.#step(1);
      else if (event.key === "k") this.#step(-1);
      else if (event.key === "Escape") this.#select(void 0);
      else return;
      event.preventDefault();
    }
    #step(by) {
      const { count } = this.#scene.operations;
      const first = by > 0 ? this.#inView[0] : this.#inView.at(-1);
      const next = this.#selected === void 0 ? first : this.#selected + by;
      if (next !== void 0 && next >= 0 && next < count) this.#select(next);
    }
    #onClick(target) {
      const bar = target instanceof Element ? target.closest("[data-index]") : null;
      this.#select(bar === null ? void 0 : Number(bar.getAttribute("data-index")));
    }
    #onWheel(event) {
      const { left, width } = this.#stage.getBoundingClientRect();
      const { length } = this.#scene.scale;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        const around = shareAt(event.clientX - left, width);
        this.#show(zoomed(this.#range, 1.002 ** -event.deltaY, length, around));
      } else if (Math.abs(sideways) > 0) this.#show(moved(this.#range, sideways / width, length));
      else return;
      event.preventDefault();
    }
    #select(index) {
      this.#selected = index;
      const { operations, scale } = this.#scene;
      if (index !== void 0) {
        const from = scale.position(operations.from[index]);
        const until = operations.until[index];
        const end = until === NO_END ? from : scale.position(until);
        this.#range = including(this.#range, from, end, scale.length);
      }
      this.#describe(index);
      this.#render();
    }
    #describe(index) {
      if (index === void 0) return this.#detail.replaceChildren();
      const { history: { operations, texts }, operations: laid } = this.#scene;
      const text = (column) => texts[column[index]];
      const [from, until] = [
        laid.from[index],
        laid.until[index]
      ];
      const took = until === NO_END ? "has no end" : \`took \${timeText(until - from)}\`;
      this.#detail.replaceChildren(make("b", {}, \`#\${operations.op[index]} \${text(operations.kind)}\`), \` \${text(operations.session)} by \${text(operations.pod)}, at \${timeText(from)}, \${took}: \`, make("em", {}, STATUSES[operations.status[index]]), make("code", {}, text(operations.result)));
    }
    #show(range) {
      this.#range = range;
      this.#renderSoon();
    }
    #renderSoon() {
      if (this.#isWaiting) return;
      this.#isWaiting = true;
      requestAnimationFrame(() => {
        this.#isWaiting = false;
        this.#render();
      });
    }
    #render() {
      const width = this.#stage.clientWidth || WIDTH;
      const { svg, drawn, inView } = drawScene(this.#scene, this.#range, width, this.#selected);
      this.#stage.replaceChildren(svg);
      this.#overview.frame(this.#range);
      const count = inView.length.toLocaleString("en");
      const total = this.#scene.operations.count.toLocaleString("en");
      const isDense = drawn < inView.length;
      this.#note.textContent = \`\${count} of \${total} calls in view\` + (isDense ? ": come closer to see each" : "");
      this.#inView = inView;
      this.#table.show(inView);
    }
  };
  function* moments(history, operations) {
    for (let index = 0; index < operations.count; index++) {
      yield operations.from[index];
      if (operations.until[index] !== NO_END) yield operations.until[index];
    }
    for (const { from, until } of history.faults) yield* [
      from,
      until
    ];
    for (const { at } of history.notes) yield at;
  }
  function legend() {
    const bar = (classes, text) => {
      const rect = draw("g", {
        class: \`op \${classes}\`
      }, draw("rect", {
        x: 0.5,
        y: 0.5,
        width: 21,
        height: 11,
        rx: 3
      }));
      const picture = draw("svg", {
        width: 22,
        height: 12,
        "aria-hidden": "true"
      }, rect);
      return make("li", {}, picture, text);
    };
    const fault = draw("svg", {
      width: 22,
      height: 12,
      "aria-hidden": "true"
    }, draw("rect", {
      x: 0.5,
      y: 0.5,
      width: 21,
      height: 11,
      rx: 2,
      class: "window"
    }));
    const death = draw("svg", {
      width: 14,
      height: 12,
      "aria-hidden": "true"
    }, draw("g", {
      class: "death"
    }, draw("path", {
      d: "M3 2l8 8m0 -8l-8 8"
    })));
    const told = draw("svg", {
      width: 14,
      height: 12,
      "aria-hidden": "true"
    }, draw("g", {
      class: "told"
    }, draw("circle", {
      cx: 7,
      cy: 6,
      r: 3
    })));
    return make("ul", {
      class: "legend"
    }, ...LEGEND.map(([classes, text]) => bar(classes, text)), bar("is-culprit is-write", "shows the violation"), make("li", {}, fault, "fault"), make("li", {}, death, "pod died"), make("li", {}, told, "pod told something"));
  }

  // scripts/report_page/main.ts
  var violations = [];
  var current = -1;
  function start() {
    const data = document.getElementById("chaos-histories")?.textContent ?? "[]";
    const histories = JSON.parse(data);
    const timelines = /* @__PURE__ */ new Map();
    for (const element of document.querySelectorAll("[data-history]")) {
      const history = histories[Number(element.dataset["history"])];
      const ops = element.closest("[data-ops]")?.dataset["ops"] ?? "";
      const culprits = ops.split(",").filter((op) => op !== "").map(Number);
      if (history) timelines.set(element, new Timeline(element, history, culprits));
    }
    for (const article of document.querySelectorAll("[data-violation]")) {
      const drawn = article.querySelector("[data-history]");
      violations.push({
        article,
        timeline: drawn === null ? void 0 : timelines.get(drawn)
      });
    }
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.addEventListener("click", () => void copy(button));
    }
    for (const button of document.querySelectorAll("[data-help]")) {
      button.addEventListener("click", help);
    }
    document.addEventListener("keydown", onKey2);
  }
  function onKey2(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof Element && target.closest("input, textarea, select, dialog")) return;
    if (key === "n") go(current + 1);
    else if (key === "p") go(Math.max(current, 0) - 1);
    else if (key === "?") help();
    else return;
    event.preventDefault();
  }
  function go(index) {
    const { length } = violations;
    if (length === 0) return say("There is no violation in this run.");
    current = (index + length) % length;
    const { article, timeline } = violations[current];
    const heading = article.querySelector("h3");
    timeline?.showCulprits();
    heading?.focus({
      preventScroll: true
    });
    article.scrollIntoView({
      block: "start"
    });
    say(\`Violation \${current + 1} of \${length}: \${heading?.textContent ?? ""}\`);
  }
  function help() {
    const dialog = document.getElementById("help");
    if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
  }
  async function copy(button) {
    const text = button.dataset["copy"] ?? "";
    try {
      await navigator.clipboard.writeText(text);
      say("Copied.");
    } catch {
      const code = button.parentElement?.querySelector("code");
      if (code) getSelection()?.selectAllChildren(code);
      say("Selected: copy it with the keyboard.");
    }
  }
  var hiding;
  function say(text) {
    const toast = document.getElementById("toast");
    if (toast === null) return;
    toast.textContent = text;
    toast.classList.add("is-shown");
    clearTimeout(hiding);
    hiding = setTimeout(() => toast.classList.remove("is-shown"), 3e3);
  }
  start();
})();
`;
