/// <reference lib="dom" />

import { type PageFault, type PageHistory, STATUSES } from "../../chaos/report/page_data.ts";
import { between, NO_END, type Operations, stack } from "./operations.ts";
import { draw } from "./svg.ts";
import { axisTimes, type TimeScale, timeText } from "./time_scale.ts";
import type { Range } from "./viewport.ts";

/** Sizes in pixels. */
const GUTTER = 76;
const AXIS = 26;
const ROW = 20;
const BAR = 16;
const PADDING = 8;
const LETTER = 6.3;
/** Calls that are drawn one by one, at most; more are drawn as their density. */
const MOST_BARS = 1_200;
const COLUMN = 4;

/** What is drawn of a history. */
export interface Scene {
  readonly history: PageHistory;
  readonly operations: Operations;
  readonly scale: TimeScale;
  /** Indices of the calls that show the violation. */
  readonly culprits: ReadonlySet<number>;
}

/** Where a lane and its rows are. */
interface Lane {
  readonly top: number;
  readonly height: number;
  /** The first row of calls. */
  readonly callsTop: number;
}

/** Draws the part of a history between two positions of its scale. */
export function drawScene(
  scene: Scene,
  { from, until }: Range,
  width: number,
  selected: number | undefined,
): { readonly svg: SVGElement; readonly drawn: number; readonly inView: readonly number[] } {
  const drawing = new Drawing(scene, { from, until }, width);
  return drawing.draw(selected);
}

/** The position that a place in the drawing stands for, as a share of the part that is shown. */
export function shareAt(x: number, width: number): number {
  return Math.max(0, Math.min(1, (x - GUTTER) / (width - GUTTER)));
}

class Drawing {
  readonly #scene: Scene;
  readonly #range: Range;
  readonly #width: number;
  readonly #lanes: readonly Lane[];
  readonly #faultRows: ReadonlyMap<PageFault, number>;
  readonly #height: number;

  constructor(scene: Scene, range: Range, width: number) {
    this.#scene = scene;
    this.#range = range;
    this.#width = width;
    const { history, operations } = scene;
    const faultRows = new Map<PageFault, number>();
    const lanes: Lane[] = [];
    let top = AXIS;
    for (const index of history.lanes.keys()) {
      const faults = history.faults.filter(({ lane }) => lane === index);
      const rows = stack(faults);
      faults.forEach((fault, place) => faultRows.set(fault, rows[place]!));
      const callsTop = top + PADDING + ROW * (1 + Math.max(-1, ...rows));
      // A lane is at least one row high.
      const rowsOfCalls = Math.max(operations.rows[index]!, rows.length > 0 ? 0 : 1);
      const height = callsTop - top + ROW * rowsOfCalls + PADDING;
      lanes.push({ top, height, callsTop });
      top += height;
    }
    this.#lanes = lanes;
    this.#faultRows = faultRows;
    this.#height = top + 4;
  }

  draw(selected: number | undefined): ReturnType<typeof drawScene> {
    const { operations, scale, culprits } = this.#scene;
    const { from, until } = this.#range;
    const inView = between(operations, scale.time(from), scale.time(until));
    const isDense = inView.length > MOST_BARS;
    const bars = isDense ? inView.filter((index) => culprits.has(index)) : inView;
    const body = draw(
      "g",
      {},
      ...this.#laneBacks(),
      ...this.#shades(),
      ...this.#axis(),
      ...(isDense ? this.#density(inView) : []),
      ...bars.map((index) => this.#bar(index, index === selected)),
      ...this.#faults(),
      ...this.#notes(),
      ...this.#laneNames(),
    );
    const size = { width: this.#width, height: this.#height };
    const svg = draw(
      "svg",
      {
        ...size,
        class: "lanes",
        viewBox: `0 0 ${size.width} ${size.height}`,
        "aria-hidden": "true",
      },
      hatching(),
      body,
    );
    return { svg, drawn: bars.length, inView };
  }

  #x(time: number): number {
    const { from, until } = this.#range;
    const position = this.#scene.scale.position(Math.min(time, this.#scene.history.endsAt));
    return GUTTER + (position - from) / (until - from) * (this.#width - GUTTER);
  }

  /** An x that a path can have: what is far outside is cut off. */
  #clipped(time: number): number {
    return Math.max(GUTTER, Math.min(time === NO_END ? this.#width : this.#x(time), this.#width));
  }

  #laneBacks(): SVGElement[] {
    return this.#lanes.map(({ top, height }, index) =>
      draw("rect", {
        ...{ x: 0, y: top, width: this.#width, height },
        class: `lane${index % 2 === 0 ? " is-even" : ""}`,
      })
    );
  }

  #laneNames(): SVGElement[] {
    return this.#lanes.flatMap(({ top, height }, index) => [
      draw("rect", { x: 0, y: top, width: GUTTER - 6, height, class: "lane-name-back" }),
      draw(
        "text",
        { x: 12, y: top + height / 2 + 4, class: "lane-name" },
        this.#scene.history.lanes[index]!,
      ),
    ]);
  }

  #axis(): SVGElement[] {
    const { scale, history } = this.#scene;
    const { from, until } = this.#range;
    const count = Math.max(2, Math.floor((this.#width - GUTTER) / 120));
    const ticks = axisTimes(scale, from, until, count).flatMap((time) => {
      const x = this.#x(time);
      return [
        draw("line", { x1: x, x2: x, y1: AXIS - 5, y2: this.#height - 4, class: "tick" }),
        draw("text", { x, y: 13, class: "tick-name" }, timeText(time)),
      ];
    });
    if (history.healedAt === null || !this.#isVisible(history.healedAt, history.healedAt)) {
      return ticks;
    }
    const x = this.#x(history.healedAt);
    const isAtEdge = x + 120 > this.#width;
    const text = draw(
      "text",
      {
        ...{ x: isAtEdge ? x - 5 : x + 5, y: this.#height - 8, class: "healed-name" },
        "text-anchor": isAtEdge ? "end" : "start",
      },
      "all healed: last looks",
    );
    return [
      ...ticks,
      draw("line", { x1: x, x2: x, y1: AXIS, y2: this.#height - 4, class: "healed" }),
      text,
    ];
  }

  #shades(): SVGElement[] {
    return this.#scene.history.faults.flatMap(({ lane, from, until }) => {
      if (!this.#isVisible(from, until) || from === until) return [];
      const x = this.#clipped(from);
      const { top, height } = this.#lanes[lane]!;
      const isOfStore = lane === 0;
      return [draw("rect", {
        ...{ x, width: Math.max(1, this.#clipped(until) - x), class: "shade" },
        ...{ y: top, height: isOfStore ? this.#height - 4 - top : height },
      })];
    });
  }

  #faults(): SVGElement[] {
    const drawn = this.#scene.history.faults.filter(({ from, until }) =>
      this.#isVisible(from, until)
    );
    return drawn.map((fault) => {
      const { kind, from, until, lane } = fault;
      const row = this.#faultRows.get(fault)!;
      const y = this.#lanes[lane]!.top + PADDING + row * ROW;
      const x = this.#clipped(from);
      const width = Math.max(3, this.#clipped(until) - x);
      const beside = drawn.find((other) =>
        other !== fault && other.lane === lane && this.#faultRows.get(other) === row &&
        other.from > from
      );
      const space = (beside ? this.#x(beside.from) : this.#width) - x - 8;
      const title = draw(
        "title",
        {},
        from === until
          ? `${kind} at ${timeText(from)}`
          : `${kind} from ${timeText(from)} to ${timeText(until)}`,
      );
      const mark = from === until
        ? draw("path", { d: `M${x - 4} ${y + 3}h8l-4 9z`, class: "moment" })
        : draw("rect", { x, y, width, height: BAR, rx: 2, class: "window" });
      const inside = from === until ? 7 : 5;
      const label = kind.length * LETTER + inside <= space
        ? [draw("text", { x: x + inside, y: y + 12, class: "fault-name" }, kind)]
        : [];
      return draw("g", { class: "fault" }, title, mark, ...label);
    });
  }

  #notes(): SVGElement[] {
    return this.#scene.history.notes.flatMap(({ kind, lane, at, text }) => {
      if (!this.#isVisible(at, at)) return [];
      const x = this.#x(at);
      const { top, height } = this.#lanes[lane]!;
      const title = draw("title", {}, `${timeText(at)}: ${text}`);
      if (kind === "told") {
        const y = top + height - 5;
        return [draw("g", { class: "told" }, title, draw("circle", { cx: x, cy: y, r: 3 }))];
      }
      const cross = `M${x - 4} ${top + 4}l8 8m0 -8l-8 8M${x} ${top + 12}V${top + height}`;
      return [draw("g", { class: "death" }, title, draw("path", { d: cross }))];
    });
  }

  #bar(index: number, isSelected: boolean): SVGElement {
    const { history: { operations, texts }, operations: laid, culprits } = this.#scene;
    const [from, until] = [laid.from[index]!, laid.until[index]!];
    const { callsTop } = this.#lanes[operations.lane[index]!]!;
    const y = callsTop + laid.row[index]! * ROW;
    const x = this.#clipped(from);
    const width = Math.max(4, this.#clipped(until) - x);
    const kind = texts[operations.kind[index]!]!;
    const status = STATUSES[operations.status[index]!]!;
    const name = `#${operations.op[index]} ${kind}`;
    const classes = [
      ...["op", `is-${status}`, kind === "get" ? "is-read" : "is-write"],
      ...(until === NO_END ? ["is-endless"] : []),
      ...(culprits.has(index) ? ["is-culprit"] : []),
      ...(isSelected ? ["is-selected"] : []),
    ];
    const short = `#${operations.op[index]}`;
    const label = [name, short].find((text) => text.length * LETTER + 8 <= width);
    const end = until === NO_END ? "no end" : timeText(until - from);
    const title =
      `${name} ${texts[operations.session[index]!]} by ${texts[operations.pod[index]!]}, ` +
      `${timeText(from)}, ${end}: ${texts[operations.result[index]!]}`;
    return draw(
      "g",
      { class: classes.join(" "), "data-index": index },
      draw("title", {}, title),
      draw("rect", { x, y, width, height: BAR, rx: 3 }),
      ...(label === undefined ? [] : [draw("text", { x: x + 5, y: y + 12 }, label)]),
    );
  }

  /** How many calls there are at each time, and how many of them have an unknown outcome. */
  #density(inView: readonly number[]): SVGElement[] {
    const { history: { operations }, operations: laid } = this.#scene;
    const columns = Math.ceil((this.#width - GUTTER) / COLUMN);
    const ambiguous = STATUSES.indexOf("ambiguous");
    return this.#lanes.flatMap(({ callsTop, top, height }, lane) => {
      const all = new Uint32Array(columns);
      const unknown = new Uint32Array(columns);
      for (const index of inView) {
        if (operations.lane[index] !== lane) continue;
        const column = Math.floor((this.#x(laid.from[index]!) - GUTTER) / COLUMN);
        if (column < 0 || column >= columns) continue;
        all[column]!++;
        if (operations.status[index] === ambiguous) unknown[column]!++;
      }
      const most = all.reduce((a, b) => Math.max(a, b), 0);
      if (most === 0) return [];
      const bottom = top + height - PADDING;
      const area = (counts: Uint32Array, name: string) =>
        draw("path", { class: name, d: steps(counts, most, bottom, bottom - callsTop) });
      return [area(all, "density"), area(unknown, "density is-ambiguous")];
    });
  }

  #isVisible(from: number, until: number): boolean {
    const { scale } = this.#scene;
    return scale.position(until) >= this.#range.from && scale.position(from) <= this.#range.until;
  }
}

function steps(counts: Uint32Array, most: number, bottom: number, height: number): string {
  let path = `M${GUTTER} ${bottom}`;
  counts.forEach((count, index) => {
    path += `V${(bottom - count / most * height).toFixed(1)}H${GUTTER + (index + 1) * COLUMN}`;
  });
  return `${path}V${bottom}z`;
}

function hatching(): SVGElement {
  return draw(
    "defs",
    {},
    draw(
      "pattern",
      {
        ...{ id: "hatching", width: 6, height: 6, patternUnits: "userSpaceOnUse" },
        patternTransform: "rotate(45)",
      },
      draw("rect", { width: 6, height: 6, class: "hatch-back" }),
      draw("rect", { width: 2.5, height: 6, class: "hatch-line" }),
    ),
  );
}
