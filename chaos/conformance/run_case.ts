/**
 * One case on one subject.
 *
 * @module
 */

import type { ConformanceCase, Need } from "./case.ts";
import { CaseContext, TooSlowError } from "./context.ts";
import { ConformanceError } from "./expect.ts";
import type { ConformanceSubject, Corruption } from "./subject.ts";

/** Times to live to try: the shortest that this machine and store are quick enough for. */
const SHORT_MS = [100, 500, 2_500] as const;
const CASE_TIMEOUT_MS = 60_000;

/** Why a case cannot run on a subject; undefined when it can. */
export function skipReason(
  { needs = [] }: ConformanceCase,
  subject: ConformanceSubject,
): string | undefined {
  return [needs].flat().map((need) => lack(need, subject)).find((reason) => reason !== undefined);
}

function lack(need: Need, subject: ConformanceSubject): string | undefined {
  if (need === "inbox" || need === "heal" || need === "heartbeat") {
    return subject[need] === false ? `the subject says that it has no ${need}` : undefined;
  }
  if (need === "otherProcess") {
    return subject.otherProcess ? undefined : "the subject has no otherProcess hook";
  }
  const how = need.slice("corrupt:".length) as Corruption;
  return subject.corrupt?.[how] ? undefined : `the subject has no hook corrupt["${how}"]`;
}

/** Runs a case, again with more time where the machine was too slow for it. */
export async function runCase(
  candidate: ConformanceCase,
  subject: ConformanceSubject,
): Promise<void> {
  for (const shortMs of SHORT_MS) {
    const context = new CaseContext(subject, shortMs);
    const outcomes = await Promise.allSettled([limited(candidate.run(context))]);
    outcomes.push(...await Promise.allSettled([context.close()]));
    // The case's own failure comes first: a pod that cannot be closed is often its consequence.
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (!failure) return;
    const isLast = shortMs === SHORT_MS.at(-1);
    if (!(failure.reason instanceof TooSlowError) || isLast) throw failure.reason;
  }
}

async function limited(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ConformanceError(`the case took longer than ${CASE_TIMEOUT_MS} ms`)),
      CASE_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
