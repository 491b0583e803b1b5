/**
 * Measuring contestants side by side: in turns, so that what the machine does meanwhile hits all alike.
 *
 * @module
 */

/** Somebody who does the same work as the others. */
export interface Contestant {
  readonly name: string;
  /** Does one piece of work; `lane` tells concurrent workers apart. */
  readonly work: (lane: number) => Promise<unknown>;
}

/** How the measuring is done. */
export interface MeasureOptions {
  /** Workers at once. */
  readonly concurrency: number;
  /** Length of one turn. */
  readonly turnMs: number;
  /** Turns of each contestant. */
  readonly turns: number;
  /**
   * Which of a contestant's turns counts. The best is the one in which the machine did the least else, and tells differences of
   * a few percent. @default "median"
   */
  readonly counts?: "median" | "best";
}

/** Pieces of work a second, by contestant. */
export type Rates = ReadonlyMap<string, number>;

/** Lets the contestants work in turns, and answers the rate of each. */
export async function measure(
  contestants: readonly Contestant[],
  options: MeasureOptions,
): Promise<Rates> {
  for (const contestant of contestants) await turn(contestant, { ...options, turnMs: 200 });
  const rates = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < options.turns; round++) {
    for (const contestant of contestants) {
      rates.get(contestant.name)!.push(await turn(contestant, options));
    }
  }
  const counting = options.counts === "best" ? best : median;
  return new Map([...rates].map(([name, list]) => [name, counting(list)]));
}

/** Times a contest of whole jobs: pieces a second of each, by the median of its turns. */
export async function time(
  jobs: readonly { readonly name: string; readonly job: () => Promise<number> }[],
  turns: number,
): Promise<Rates> {
  const rates = new Map(jobs.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < turns; round++) {
    for (const { name, job } of jobs) {
      const startedAt = performance.now();
      const pieces = await job();
      rates.get(name)!.push(pieces / (performance.now() - startedAt) * 1_000);
    }
  }
  return new Map([...rates].map(([name, list]) => [name, median(list)]));
}

async function turn({ work }: Contestant, options: MeasureOptions): Promise<number> {
  const startedAt = performance.now();
  const endsAt = startedAt + options.turnMs;
  let pieces = 0;
  const worker = async (_: unknown, lane: number) => {
    // The clock is looked at now and then only: it would cost more than some of the work.
    while (performance.now() < endsAt) {
      for (let piece = 0; piece < 16; piece++) await work(lane);
      pieces += 16;
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return pieces / (performance.now() - startedAt) * 1_000;
}

function best(list: readonly number[]): number {
  return Math.max(...list);
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
