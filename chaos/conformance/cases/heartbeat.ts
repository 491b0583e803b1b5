/**
 * What a heartbeat tells of the store's memory (rule 13).
 *
 * @module
 */

import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual, expectTrue } from "../expect.ts";

/** The theme's cases. */
export const heartbeat: readonly ConformanceCase[] = [
  theCase("each heartbeat counts the pod's key up by one", async (context) => {
    const pod = await context.pod();
    const { counter } = await pod.heartbeat();
    expectTrue(counter >= 1, `the first counter should be 1 or more, but is ${counter}`);
    for (let more = 1; more <= 3; more++) {
      expectEqual((await pod.heartbeat()).counter, counter + more, "the counter");
    }
  }),
  theCase("each pod's key has a counter of its own", async (context) => {
    const [one, other] = [await context.pod(), await context.pod()];
    const { counter } = await one.heartbeat();
    for (let round = 0; round < 3; round++) await other.heartbeat();
    expectEqual((await one.heartbeat()).counter, counter + 1, "the counter");
  }),
  theCase("heartbeats at once are all counted", async (context) => {
    const pod = await context.pod();
    const { counter } = await pod.heartbeat();
    const replies = await Promise.all(Array.from({ length: 20 }, () => pod.heartbeat()));
    const counters = replies.map((reply) => reply.counter - counter).sort((a, b) => a - b);
    expectEqual(counters, Array.from({ length: 20 }, (_, index) => index + 1), "the counters");
  }),
  theCase(
    "a heartbeat keeps the pod's key for as long as it says, from then on",
    async (context) => {
      const pod = await context.pod();
      const keepMs = context.shortMs;
      let { counter, storeTimeMs } = await pod.heartbeat({ keepMs });
      for (let round = 0; round < 4; round++) {
        const next = await context.inTime(async () => {
          await context.passed(storeTimeMs + keepMs / 2);
          return await pod.heartbeat({ keepMs });
        });
        expectEqual(next.counter, counter + 1, "the counter");
        ({ counter, storeTimeMs } = next);
      }
    },
  ),
  theCase("a heartbeat tells the store's time", async (context) => {
    const pod = await context.pod();
    const { storeTimeMs } = await pod.heartbeat();
    const next = await context.pod();
    expectTrue(
      storeTimeMs >= pod.storeTimeMs && storeTimeMs <= next.storeTimeMs,
      `the time should be from ${pod.storeTimeMs} to ${next.storeTimeMs}, but is ${storeTimeMs}`,
    );
  }),
  theCase("all pods see one epoch, and it stays", async (context) => {
    const [one, other] = [await context.pod(), await context.pod()];
    const { epoch } = await one.heartbeat();
    expectEqual((await one.heartbeat()).epoch, epoch, "the epoch of the next heartbeat");
    expectEqual((await other.heartbeat()).epoch, epoch, "the epoch that another pod sees");
  }),
];

function theCase(
  name: string,
  run: (context: ConformanceContext) => Promise<void>,
): ConformanceCase {
  return { name, clause: "rule 13", needs: "heartbeat", run };
}
