/**
 * What goes on for a while, and can be ended before its time.
 *
 * @module
 */

/** Work that is under way until it is healed. */
export class HealingTasks {
  readonly #underWay = new Set<Promise<void>>();
  #healed = Promise.withResolvers<void>();

  /** Whether any is. */
  get isBusy(): boolean {
    return this.#underWay.size > 0;
  }

  /** Takes work in; what fails stays, for `heal` to tell. */
  track(work: Promise<void>): void {
    this.#underWay.add(work);
    work.then(() => this.#underWay.delete(work), () => {});
  }

  /** Resolves after a span, or as soon as all is healed; whether it was the latter. */
  async wait(spanMs: number): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), Math.max(0, spanMs));
    });
    const isHealed = await Promise.race([over, this.#healed.promise.then(() => true)]);
    clearTimeout(timer);
    return isHealed;
  }

  /** Ends all waits; resolves when the work is done. */
  async heal(): Promise<void> {
    this.#healed.resolve();
    await Promise.all(this.#underWay);
    this.#healed = Promise.withResolvers();
  }
}
