import type { PageHistory } from "../../chaos/report/page_data.ts";

/** The answer of what never ends. */
export const NO_END = Infinity;

/** Rows of a lane for calls that overlap, at most; what has no end gets rows of its own. */
const ANSWERED_ROWS = 8;
const ENDLESS_ROWS = 4;

/** The calls of a history, as they are drawn. All times are in hundredths of a millisecond. */
export interface Operations {
  readonly count: number;
  readonly from: Float64Array;
  /** {@linkcode NO_END} for what has none. */
  readonly until: Float64Array;
  /** Row within its lane. */
  readonly row: Uint8Array;
  /** Rows of each lane. */
  readonly rows: readonly number[];
}

/** Unpacks a history's calls, and puts those of a lane that overlap below one another. */
export function layOut({ operations, lanes }: PageHistory): Operations {
  const count = operations.op.length;
  const from = new Float64Array(count);
  const until = new Float64Array(count);
  const row = new Uint8Array(count);
  const stacks = lanes.map(() => new Stack());
  let before = 0;
  for (let index = 0; index < count; index++) {
    before += operations.after[index]!;
    const span = operations.span[index]!;
    from[index] = before;
    until[index] = span < 0 ? NO_END : before + span;
    row[index] = stacks[operations.lane[index]!]!.place(before, until[index]!);
  }
  // What has no end stands below what has.
  const answered = stacks.map((stack) => stack.answeredRows);
  for (let index = 0; index < count; index++) {
    if (until[index] === NO_END) row[index]! += answered[operations.lane[index]!]!;
  }
  return { count, from, until, row, rows: stacks.map((stack) => stack.rows) };
}

/** The rows of one lane. */
class Stack {
  readonly #ends: number[] = [];
  #endless = 0;

  get answeredRows(): number {
    return this.#ends.length;
  }

  get rows(): number {
    return this.#ends.length + Math.min(this.#endless, ENDLESS_ROWS);
  }

  place(from: number, until: number): number {
    if (until === NO_END) return this.#endless++ % ENDLESS_ROWS;
    let row = this.#ends.findIndex((end) => end < from);
    if (row < 0) {
      row = this.#ends.length < ANSWERED_ROWS
        ? this.#ends.length
        : this.#ends.indexOf(Math.min(...this.#ends));
    }
    this.#ends[row] = until;
    return row;
  }
}

/** Indices of the calls that have some of their time between two moments. */
export function between(operations: Operations, from: number, until: number): number[] {
  const found: number[] = [];
  for (let index = 0; index < operations.count && operations.from[index]! <= until; index++) {
    if (operations.until[index]! >= from) found.push(index);
  }
  return found;
}

/** What goes into one row each, so that nothing overlaps: faults that meet stand below one another. */
export function stack(
  spans: readonly { readonly from: number; readonly until: number }[],
): number[] {
  const ends: number[] = [];
  return spans.map(({ from, until }) => {
    const free = ends.findIndex((end) => end < from);
    const row = free < 0 ? ends.length : free;
    ends[row] = until;
    return row;
  });
}
