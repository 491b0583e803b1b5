// A session with a TTL of 400 ms, touched every 200 ms, and then left alone.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { PodError, type PodProcess, type SessionInPod } from "./pod_process.ts";

const TTL_MS = 400;
const TOUCH_EVERY_MS = 200;
const TOUCHES = 6;
/** Clocks of whole milliseconds, at the store and here. */
const CLOCK_GRAIN_MS = 2;
const ATTEMPTS = 5;

/** Checks both pods; the session is held by both, and in the end by one whose cache is cleared too. */
export async function staysWhileTouched(one: PodProcess, two: PodProcess): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const id = `touched-${attempt}`;
    const touchedAtMs = await keepTouching(id, one, two);
    if (touchedAtMs !== undefined) return await goesWhenLeftAlone(id, touchedAtMs, one, two);
    assert(attempt < ATTEMPTS, "the machine is too slow to touch a session in time");
  }
}

/** Answers when the last touch was sent; undefined when this process was itself too late to judge. */
async function keepTouching(
  id: string,
  one: PodProcess,
  two: PodProcess,
): Promise<number | undefined> {
  // Before time counts, both have started.
  for (const pod of [one, two]) await pod.call("get", id);
  let touchedAtMs = performance.now();
  await one.call("getOrCreate", id, { plan: "free" });
  for (let touch = 0; touch < TOUCHES; touch++) {
    await until(touchedAtMs + TOUCH_EVERY_MS);
    const sentAtMs = performance.now();
    const there = await one.call<boolean>("touch", id);
    if (performance.now() - touchedAtMs >= TTL_MS) return undefined;
    assertEquals(there, true, `touch ${touch + 1}`);
    const seen = await two.call<SessionInPod | undefined>("get", id);
    if (performance.now() - sentAtMs >= TTL_MS) return undefined;
    assertEquals(seen?.context, { plan: "free" });
    touchedAtMs = sentAtMs;
  }
  return touchedAtMs;
}

async function goesWhenLeftAlone(
  id: string,
  touchedAtMs: number,
  one: PodProcess,
  two: PodProcess,
): Promise<void> {
  await Promise.all([one, two].map(async (pod) => {
    const livedMs = await gone(pod, id) - touchedAtMs;
    assert(livedMs >= TTL_MS - CLOCK_GRAIN_MS, `it expired after ${livedMs} ms`);
  }));
  await two.call("clearCache");
  for (const pod of [one, two]) {
    assertEquals(await pod.call("loadFromStore", id), undefined);
    const late = [
      pod.call("updateContext", id, { plan: "gold" }),
      pod.call("increment", id, "n"),
      pod.call("add", id),
    ];
    const errors = await Promise.all(late.map((call) => assertRejects(() => call, PodError)));
    assertEquals(errors.map(({ code }) => code), Array(3).fill("SESSION_NOT_FOUND"));
    assertEquals(await pod.call("touch", id), false);
  }
  for (const pod of [one, two]) assertEquals(await pod.call("get", id), undefined);
}

/** Asks until the session is gone; answers when that was heard. */
async function gone(pod: PodProcess, id: string): Promise<number> {
  const deadlineMs = performance.now() + 20 * TTL_MS;
  while (await pod.call("get", id) !== undefined) {
    assert(performance.now() < deadlineMs, "it never expires");
  }
  return performance.now();
}

function until(timeMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, timeMs - performance.now())));
}
