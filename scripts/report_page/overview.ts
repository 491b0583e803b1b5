/// <reference lib="dom" />

import type { Scene } from "./drawing.ts";
import { draw, make } from "./svg.ts";
import type { Range } from "./viewport.ts";

const HEIGHT = 40;
const COLUMNS = 400;

/** The whole history in a strip, with a frame around the part that is shown, which can be dragged. */
export class Overview {
  readonly element: HTMLElement = make("div", { class: "overview" });
  readonly #scene: Scene;
  readonly #onMove: (center: number) => void;
  #frame: SVGElement | undefined;

  /** `onMove` hears which position is to be in the middle. */
  constructor(scene: Scene, onMove: (center: number) => void) {
    this.#scene = scene;
    this.#onMove = onMove;
    this.#draw();
    this.element.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  /** Shows which part is shown. */
  frame({ from, until }: Range): void {
    const { length } = this.#scene.scale;
    const [x, end] = [from, until].map((position) => position / length * COLUMNS);
    this.#frame?.setAttribute("x", String(x));
    this.#frame?.setAttribute("width", String(Math.max(2, end! - x!)));
  }

  #drag(event: PointerEvent): void {
    const { left, width } = this.element.getBoundingClientRect();
    const move = ({ clientX }: PointerEvent) =>
      this.#onMove((clientX - left) / (width || 1) * this.#scene.scale.length);
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

  #draw(): void {
    const { history, operations, scale, culprits } = this.#scene;
    const column = (time: number) => scale.position(time) / scale.length * COLUMNS;
    const counts = new Uint32Array(COLUMNS);
    for (let index = 0; index < operations.count; index++) {
      counts[Math.min(COLUMNS - 1, Math.floor(column(operations.from[index]!)))]!++;
    }
    const most = Math.max(1, counts.reduce((a, b) => Math.max(a, b), 0));
    let path = `M0 ${HEIGHT}`;
    counts.forEach((count, index) => {
      // What is little can be seen beside what is much.
      path += `V${(HEIGHT - Math.sqrt(count / most) * (HEIGHT - 6)).toFixed(1)}H${index + 1}`;
    });
    const shades = history.faults.map(({ from, until }) =>
      draw("rect", {
        ...{ x: column(from), y: 0, height: HEIGHT, class: "shade" },
        width: Math.max(0.5, column(until) - column(from)),
      })
    );
    const marks = [...culprits].map((index) =>
      draw("rect", {
        ...{ x: column(operations.from[index]!) - 0.5, y: 0, width: 1.5, height: HEIGHT },
        class: "culprit",
      })
    );
    this.#frame = draw("rect", {
      x: 0,
      y: 0.5,
      width: COLUMNS,
      height: HEIGHT - 1,
      class: "frame",
    });
    const svg = draw(
      "svg",
      {
        viewBox: `0 0 ${COLUMNS} ${HEIGHT}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      },
      ...shades,
      draw("path", { d: `${path}V${HEIGHT}z`, class: "density" }),
      ...marks,
      this.#frame,
    );
    this.element.replaceChildren(svg);
  }
}
