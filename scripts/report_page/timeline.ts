/// <reference lib="dom" />

import { type PageHistory, STATUSES } from "../../chaos/report/page_data.ts";
import { drawScene, type Scene, shareAt } from "./drawing.ts";
import { layOut, NO_END } from "./operations.ts";
import { OperationTable } from "./operation_table.ts";
import { Overview } from "./overview.ts";
import { draw, make } from "./svg.ts";
import { squeezedScale, timeText, trueScale } from "./time_scale.ts";
import { including, moved, onKey, type Range, zoomed } from "./viewport.ts";

/** The width where nothing is laid out. */
const WIDTH = 960;
const MARGIN = 0.04;
/** The share of a history that is shown around the calls that show a violation. */
const CLOSE = 0.15;

const LEGEND: readonly (readonly [classes: string, text: string])[] = [
  ["is-done is-write", "write"],
  ["is-done is-read", "read"],
  ["is-degraded is-write", "degraded"],
  ["is-nothing is-write", "found nothing"],
  ["is-refused is-write", "refused"],
  ["is-ambiguous is-write", "outcome unknown"],
];

/** A history that can be looked at closely. */
export class Timeline {
  readonly #element: HTMLElement;
  readonly #history: PageHistory;
  readonly #stage = make("div", { class: "stage" });
  readonly #note = make("p", { class: "view-note" });
  readonly #detail = make("div", { class: "detail", "aria-live": "polite" });
  #scene: Scene;
  #overview: Overview;
  #table: OperationTable;
  #range: Range = { from: 0, until: 1 };
  #selected: number | undefined;
  #inView: readonly number[] = [];
  #isWaiting = false;

  /** `culprits` are the numbers of the calls that show a violation. */
  constructor(element: HTMLElement, history: PageHistory, culprits: readonly number[]) {
    this.#element = element;
    this.#history = history;
    const operations = layOut(history);
    const numbers = new Set(culprits);
    const indices = history.operations.op.flatMap((op, index) => numbers.has(op) ? [index] : []);
    this.#scene = {
      ...{ history, operations, culprits: new Set(indices) },
      scale: squeezedScale(moments(history, operations), history.endsAt),
    };
    this.#overview = this.#makeOverview();
    this.#table = new OperationTable(this.#scene);
    this.#build();
    this.#range = this.#firstRange();
    this.#render();
    new ResizeObserver(() => this.#renderSoon()).observe(this.#stage);
  }

  /** Shows the calls that show the violation. */
  showCulprits(): void {
    const { scale, culprits, operations } = this.#scene;
    const [first] = culprits;
    if (first === undefined) return;
    const begun = [...culprits].map((index) => scale.position(operations.from[index]!));
    const from = begun.reduce((a, b) => Math.min(a, b));
    const until = begun.reduce((a, b) => Math.max(a, b));
    // So close that they can be told apart, with what is around them.
    const width = Math.min(scale.length, Math.max(3 * (until - from), CLOSE * scale.length));
    this.#range = moved(
      { from: (from + until - width) / 2, until: (from + until + width) / 2 },
      0,
      scale.length,
    );
    this.#select(first);
  }

  #build(): void {
    const label = this.#element.dataset["label"] ?? "History";
    this.#element.setAttribute("role", "group");
    this.#element.setAttribute("aria-label", label);
    this.#stage.tabIndex = 0;
    this.#stage.setAttribute("role", "group");
    this.#stage.setAttribute(
      "aria-label",
      `${label}: timeline. Arrows move, plus and minus zoom, j and k go from call to call.`,
    );
    this.#stage.addEventListener("keydown", (event) => this.#onKey(event));
    this.#stage.addEventListener("click", ({ target }) => this.#onClick(target));
    this.#stage.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    this.#element.replaceChildren(
      this.#toolbar(),
      this.#overview.element,
      this.#stage,
      this.#detail,
      legend(),
      this.#table.element,
    );
  }

  #toolbar(): HTMLElement {
    const button = (name: string, label: string, range: () => Range) => {
      const element = make("button", { type: "button", "aria-label": label, title: label }, name);
      element.addEventListener("click", () => this.#show(range()));
      return element;
    };
    const length = () => this.#scene.scale.length;
    const check = make("input", { type: "checkbox" });
    check.addEventListener("change", () => this.#useScale(check.checked));
    return make(
      "div",
      { class: "toolbar" },
      button("◀", "Earlier", () => moved(this.#range, -0.5, length())),
      button("▶", "Later", () => moved(this.#range, 0.5, length())),
      button("+", "Closer", () => zoomed(this.#range, 1.6, length())),
      button("−", "Wider", () => zoomed(this.#range, 1 / 1.6, length())),
      button("All", "The whole history", () => ({ from: 0, until: length() })),
      make("label", {}, check, " true time"),
      this.#note,
    );
  }

  #makeOverview(): Overview {
    return new Overview(this.#scene, (center) => {
      const width = this.#range.until - this.#range.from;
      const range = { from: center - width / 2, until: center + width / 2 };
      this.#show(moved(range, 0, this.#scene.scale.length));
    });
  }

  /** With true time nothing is squeezed. */
  #useScale(isTrue: boolean): void {
    const { history, operations, scale: old } = this.#scene;
    const times = [this.#range.from, this.#range.until].map((position) => old.time(position));
    const scale = isTrue
      ? trueScale(history.endsAt)
      : squeezedScale(moments(history, operations), history.endsAt);
    this.#scene = { ...this.#scene, scale };
    const before = this.#overview.element;
    this.#overview = this.#makeOverview();
    before.replaceWith(this.#overview.element);
    const [from, until] = times.map((time) => scale.position(time));
    this.#show({ from: from!, until: until! });
  }

  /** Up to where all faults are healed, or to the last call that shows the violation. */
  #firstRange(): Range {
    const { scale, culprits, operations } = this.#scene;
    const { healedAt, endsAt } = this.#history;
    const ends = [...culprits].map((index) => {
      const until = operations.until[index]!;
      return until === NO_END ? operations.from[index]! : until;
    });
    const last = Math.max(healedAt ?? endsAt, ...ends);
    const until = Math.min(scale.length, scale.position(last) + MARGIN * scale.length);
    return { from: 0, until };
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const range = onKey(event.key, this.#range, this.#scene.scale.length);
    if (range !== undefined) this.#show(range);
    else if (event.key === "j") this.#step(1);
    else if (event.key === "k") this.#step(-1);
    else if (event.key === "Escape") this.#select(undefined);
    else return;
    event.preventDefault();
  }

  #step(by: number): void {
    const { count } = this.#scene.operations;
    const first = by > 0 ? this.#inView[0] : this.#inView.at(-1);
    const next = this.#selected === undefined ? first : this.#selected + by;
    if (next !== undefined && next >= 0 && next < count) this.#select(next);
  }

  #onClick(target: EventTarget | null): void {
    const bar = target instanceof Element ? target.closest("[data-index]") : null;
    this.#select(bar === null ? undefined : Number(bar.getAttribute("data-index")));
  }

  #onWheel(event: WheelEvent): void {
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

  #select(index: number | undefined): void {
    this.#selected = index;
    const { operations, scale } = this.#scene;
    if (index !== undefined) {
      const from = scale.position(operations.from[index]!);
      const until = operations.until[index]!;
      const end = until === NO_END ? from : scale.position(until);
      this.#range = including(this.#range, from, end, scale.length);
    }
    this.#describe(index);
    this.#render();
  }

  #describe(index: number | undefined): void {
    if (index === undefined) return this.#detail.replaceChildren();
    const { history: { operations, texts }, operations: laid } = this.#scene;
    const text = (column: readonly number[]) => texts[column[index]!]!;
    const [from, until] = [laid.from[index]!, laid.until[index]!];
    const took = until === NO_END ? "has no end" : `took ${timeText(until - from)}`;
    this.#detail.replaceChildren(
      make("b", {}, `#${operations.op[index]} ${text(operations.kind)}`),
      ` ${text(operations.session)} by ${text(operations.pod)}, at ${timeText(from)}, ${took}: `,
      make("em", {}, STATUSES[operations.status[index]!]!),
      make("code", {}, text(operations.result)),
    );
  }

  #show(range: Range): void {
    this.#range = range;
    this.#renderSoon();
  }

  #renderSoon(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      this.#render();
    });
  }

  #render(): void {
    const width = this.#stage.clientWidth || WIDTH;
    const { svg, drawn, inView } = drawScene(this.#scene, this.#range, width, this.#selected);
    this.#stage.replaceChildren(svg);
    this.#overview.frame(this.#range);
    const count = inView.length.toLocaleString("en");
    const total = this.#scene.operations.count.toLocaleString("en");
    const isDense = drawn < inView.length;
    this.#note.textContent = `${count} of ${total} calls in view` +
      (isDense ? ": come closer to see each" : "");
    this.#inView = inView;
    this.#table.show(inView);
  }
}

function* moments(history: PageHistory, operations: Scene["operations"]): Iterable<number> {
  for (let index = 0; index < operations.count; index++) {
    yield operations.from[index]!;
    if (operations.until[index] !== NO_END) yield operations.until[index]!;
  }
  for (const { from, until } of history.faults) yield* [from, until];
  for (const { at } of history.notes) yield at;
}

function legend(): HTMLElement {
  const bar = (classes: string, text: string) => {
    const rect = draw(
      "g",
      { class: `op ${classes}` },
      draw("rect", { x: 0.5, y: 0.5, width: 21, height: 11, rx: 3 }),
    );
    const picture = draw("svg", { width: 22, height: 12, "aria-hidden": "true" }, rect);
    return make("li", {}, picture, text);
  };
  const fault = draw(
    "svg",
    { width: 22, height: 12, "aria-hidden": "true" },
    draw("rect", { x: 0.5, y: 0.5, width: 21, height: 11, rx: 2, class: "window" }),
  );
  const death = draw(
    "svg",
    { width: 14, height: 12, "aria-hidden": "true" },
    draw("g", { class: "death" }, draw("path", { d: "M3 2l8 8m0 -8l-8 8" })),
  );
  const told = draw(
    "svg",
    { width: 14, height: 12, "aria-hidden": "true" },
    draw("g", { class: "told" }, draw("circle", { cx: 7, cy: 6, r: 3 })),
  );
  return make(
    "ul",
    { class: "legend" },
    ...LEGEND.map(([classes, text]) => bar(classes, text)),
    bar("is-culprit is-write", "shows the violation"),
    make("li", {}, fault, "fault"),
    make("li", {}, death, "pod died"),
    make("li", {}, told, "pod told something"),
  );
}
