/**
 * Users who send requests one after the other, and what they were told.
 *
 * @module
 */

import type { DemoPod } from "./pod.ts";

/** What the users know of one session. */
export interface SessionLog {
  /** Requests that were answered: their counts must be found again. */
  acknowledged: number;
  /** Requests that had no answer: each may have been counted, or not. */
  unknown: number;
}

const USERS = 24;
/** Longest pause between two requests of a user. */
const THINKING_MS = 24;
/** Longest wait of a user for an answer. */
const PATIENCE_MS = 10_000;

/** Users who were told nothing yet. */
export function newLog(ids: readonly string[]): Map<string, SessionLog> {
  return new Map(ids.map((id) => [id, { acknowledged: 0, unknown: 0 }]));
}

/** Users who share some sessions, and go to the pod that they are sent to. */
export class Traffic {
  readonly log: ReadonlyMap<string, SessionLog>;
  inFlight = 0;
  /** Requests that were answered, and that were not, since this traffic began. */
  answered = 0;
  failed = 0;
  readonly #route: () => DemoPod;
  readonly #onSent: () => void;

  /**
   * `log` is what the users were told before, `route` says where the next request goes; `onSent` is called right after
   * each was sent.
   */
  constructor(log: ReadonlyMap<string, SessionLog>, route: () => DemoPod, onSent: () => void) {
    this.log = log;
    this.#route = route;
    this.#onSent = onSent;
  }

  /** How many requests were answered so far. */
  get acknowledged(): number {
    return this.#sum(({ acknowledged }) => acknowledged);
  }

  /** How many had no answer. */
  get unknown(): number {
    return this.#sum(({ unknown }) => unknown);
  }

  /** Lets the users work until they are told to stop, and waits for their last answers. */
  async run(signal: AbortSignal): Promise<void> {
    const ids = [...this.log.keys()];
    await Promise.all(Array.from({ length: USERS }, async (_, user) => {
      for (let turn = user; !signal.aborted; turn += 7) {
        await this.#request(ids[turn % ids.length]!);
        await think();
      }
    }));
  }

  async #request(id: string): Promise<void> {
    const session = this.log.get(id)!;
    const { url } = this.#route();
    this.inFlight++;
    try {
      const answer = fetch(`${url}/${id}`, {
        method: "POST",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      this.#onSent();
      const response = await answer;
      await response.body?.cancel();
      this.#count(session, response.ok);
    } catch {
      this.#count(session, false);
    } finally {
      this.inFlight--;
    }
  }

  #count(session: SessionLog, isAnswered: boolean): void {
    if (isAnswered) {
      this.answered++;
      session.acknowledged++;
    } else {
      this.failed++;
      session.unknown++;
    }
  }

  #sum(count: (session: SessionLog) => number): number {
    return [...this.log.values()].reduce((sum, session) => sum + count(session), 0);
  }
}

function think(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * THINKING_MS));
}
