/**
 * Compares what the rules say of a history with what the search says.
 *
 * @module
 */

import type { Verdict, Violation } from "../checker.ts";
import type { History } from "../history.ts";
import { checkLinearizability, type Linearizability } from "./linearizability.ts";

/** Both verdicts on one history. */
export interface CrossCheck {
  /** The rules' verdict, with what the search found beside it. */
  readonly verdict: Verdict;
  /** What the search found. */
  readonly linearizability: Linearizability;
  /** One found a violation where the other one holds: something is wrong with the tool. */
  readonly disagreement: string | undefined;
}

/** Rules about what the search sees as well, in every history that it decides. */
const STRICT: readonly string[] = ["exactly-once"];

/** Searches beside the rules' verdict. */
export function crossCheck(history: History, verdict: Verdict): CrossCheck {
  const linearizability = checkLinearizability(history);
  const { violations } = linearizability;
  if (verdict.verdict !== "violated") {
    const [first] = violations;
    const isOdd = verdict.verdict === "holds" && first !== undefined;
    const disagreement = isOdd
      ? `the rules hold, and the linearizability search does not: ${first.message}`
      : undefined;
    return { verdict, linearizability, disagreement };
  }
  const both: Verdict = {
    verdict: "violated",
    violations: [...verdict.violations, ...violations],
  };
  const missed = linearizability.verdict === "holds" && everythingDecided(linearizability)
    ? verdict.violations.find((found) => isStrict(history, found))
    : undefined;
  const disagreement = missed &&
    `the rule ${missed.rule} does not hold, and the linearizability search does: ${missed.message}`;
  return { verdict: both, linearizability, disagreement };
}

function everythingDecided({ leftOut }: Linearizability): boolean {
  return Object.values(leftOut).every((count) => count === 0);
}

/** Whether a violation shows in what a call saw of the store for sure. */
function isStrict({ events }: History, { rule, ops }: Violation): boolean {
  if (!STRICT.includes(rule)) return false;
  const isFresh = events.some((event) =>
    event.type === "invoke" && event.call.op === ops[0] && event.call.kind !== "getOrCreate" &&
    (event.call.kind !== "get" || event.call.fresh === true)
  );
  return isFresh &&
    !events.some((event) =>
      event.type === "return" && event.op === ops[0] && event.result.degraded
    );
}
