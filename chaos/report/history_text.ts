/**
 * Histories as lines for people.
 *
 * @module
 */

import type { HistoryEvent, Result } from "../history.ts";

/** A history's lines without its last looks at the sessions, except those of the calls `ops`. */
export function caseLines(events: readonly HistoryEvent[], ops: readonly number[]): string[] {
  return worthShowing(events, ops).map(eventLine);
}

/** What a call came to, in a few words. */
export function resultText(result: Result): string {
  const text = result.kind === "session"
    ? `version ${result.session.version} ${JSON.stringify(result.session.context)}` +
      ` [${result.session.trajectory.map(([op]) => op)}]`
    : JSON.stringify(result);
  return result.degraded ? `degraded ${text}` : text;
}

/** Everything but the last looks at the sessions, of which only those that show something. */
function worthShowing(
  events: readonly HistoryEvent[],
  ops: readonly number[],
): HistoryEvent[] {
  const last = new Set(
    events.flatMap((event) =>
      event.type === "invoke" && event.final && !ops.includes(event.call.op) ? [event.call.op] : []
    ),
  );
  return events.filter((event) => {
    if (event.type === "end") return false;
    if (event.type === "invoke") return !last.has(event.call.op);
    return event.type !== "return" || !last.has(event.op);
  });
}

function eventLine(event: HistoryEvent): string {
  const at = `${event.atMs.toFixed(1).padStart(9)} ms`;
  switch (event.type) {
    case "invoke": {
      const { op, kind, session, to, fresh } = event.call;
      const words = [kind, fresh ? "fresh" : "", `${session.tenant}/${session.id}`];
      if (to) words.push("→", to.id);
      return `${at}  ${event.pod}  #${op} ${words.filter((word) => word !== "").join(" ")}`;
    }
    case "return":
      return `${at}      #${event.op} ⇒ ${resultText(event.result)}`;
    case "kill":
      return `${at}  ${event.pod}  killed`;
    case "fault":
      return `${at}  ${event.pod}  fault ${event.kind}${event.detail ? ` ${event.detail}` : ""}`;
    case "told":
      return `${at}  ${event.pod}  tells ${JSON.stringify(event.told)}`;
    case "flush":
      return `${at}  ${event.pod}  flushed ${JSON.stringify(event.flush)}`;
    case "end":
      return at;
  }
}
