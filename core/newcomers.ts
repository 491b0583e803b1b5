/**
 * Whether sessions that a pod knows nothing of are new.
 *
 * @module
 */

/**
 * A guess by what the last one was. One that is likely new is created without a look at the store first, which saves a
 * round trip. A wrong guess costs a commit that changes nothing, so it is made once: after a restart, when all sessions
 * are there already, they are read.
 */
export class Newcomers {
  #wasNew = false;

  get areLikely(): boolean {
    return this.#wasNew;
  }

  /** What another one was. */
  saw(isNew: boolean): void {
    this.#wasNew = isNew;
  }
}
