/// <reference lib="dom" />

import { STATUSES } from "../../chaos/report/page_data.ts";
import type { Scene } from "./drawing.ts";
import { NO_END } from "./operations.ts";
import { make } from "./svg.ts";
import { timeText } from "./time_scale.ts";

const ROWS = 100;
const HEAD = ["Call", "Pod", "Session", "Began", "Took", "Outcome", "Answer"];

/** What a timeline shows, as a table; filled once it is opened, a page at a time. */
export class OperationTable {
  readonly element: HTMLDetailsElement;
  readonly #scene: Scene;
  readonly #summary = make("summary");
  readonly #body = make("div");
  #indices: readonly number[] = [];
  #first = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.element = make("details", { class: "as-table" }, this.#summary, this.#body);
    this.element.addEventListener("toggle", () => this.#fill());
  }

  /** Shows these calls. */
  show(indices: readonly number[]): void {
    this.#indices = indices;
    this.#first = 0;
    const calls = `${indices.length.toLocaleString("en")} ${
      indices.length === 1 ? "call" : "calls"
    }`;
    this.#summary.textContent = `The ${calls} in view as a table`;
    this.#fill();
  }

  #fill(): void {
    if (!this.element.open) return this.#body.replaceChildren();
    const shown = this.#indices.slice(this.#first, this.#first + ROWS);
    const head = make("tr", {}, ...HEAD.map((text) => make("th", { scope: "col" }, text)));
    const table = make(
      "table",
      { class: "calls" },
      make("thead", {}, head),
      make("tbody", {}, ...shown.map((index) => this.#row(index))),
    );
    const scroll = make("div", {
      class: "scroll",
      tabindex: 0,
      role: "region",
      "aria-label": "Calls",
    }, table);
    this.#body.replaceChildren(scroll, ...this.#pager());
  }

  #row(index: number): HTMLTableRowElement {
    const { history: { operations, texts }, operations: laid, culprits } = this.#scene;
    const text = (column: readonly number[]) => texts[column[index]!]!;
    const [from, until] = [laid.from[index]!, laid.until[index]!];
    const cells = [
      text(operations.pod),
      text(operations.session),
      timeText(from),
      until === NO_END ? "no end" : timeText(until - from),
      STATUSES[operations.status[index]!]!,
      text(operations.result),
    ].map((cell) => make("td", {}, cell));
    const name = make("th", { scope: "row" }, `#${operations.op[index]} ${text(operations.kind)}`);
    return make("tr", { class: culprits.has(index) ? "is-culprit" : "" }, name, ...cells);
  }

  #pager(): HTMLElement[] {
    const { length } = this.#indices;
    if (length <= ROWS) return [];
    const turn = (name: string, to: number) => {
      const button = make("button", { type: "button" }, name);
      button.disabled = to < 0 || to >= length;
      button.addEventListener("click", () => {
        this.#first = to;
        this.#fill();
      });
      return button;
    };
    const last = Math.min(this.#first + ROWS, length);
    const where = `${(this.#first + 1).toLocaleString("en")} to ${last.toLocaleString("en")}`;
    return [
      make(
        "p",
        { class: "pager" },
        turn("Earlier", this.#first - ROWS),
        make("span", {}, ` ${where} of ${length.toLocaleString("en")} `),
        turn("Later", this.#first + ROWS),
      ),
    ];
  }
}
