/**
 * Word of other pods' commits.
 *
 * @module
 */

import type { ConformanceCase, ConformanceContext } from "../case.ts";
import { expectEqual, expectOutcome, expectTrue } from "../expect.ts";
import { create, destroy, freeze, increment, set, touch } from "../operations.ts";
import type { Held, Pod } from "../pod.ts";
import { randomId } from "../random.ts";
import { Inbox } from "../inbox.ts";

/** The theme's cases. */
export const inbox: readonly ConformanceCase[] = [
  theCase(
    "a holder is told of another pod's commit: key, incarnation and version",
    async (context) => {
      const { held, reader, inbox } = await readerOf(context);
      await held.by(reader).load({ holder: reader.holder });
      await held.apply([set("a", 1)], { holder: held.pod.holder });
      await context.until("word of the commit", () => inbox.heard.length > 0);
      const { key, incarnation, version } = inbox.heard[0]!;
      expectEqual([key, incarnation], [held.key, held.incarnation], "the session");
      expectEqual(version, 2, "the version");
    },
  ),
  theCase("a holder is told of a destroy", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    await held.by(reader).load({ holder: reader.holder });
    await held.apply([destroy], { holder: held.pod.holder });
    await context.until("word of the destroy", () => inbox.heard.length > 0);
  }),
  theCase("a holder is told when a session is frozen", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    await held.by(reader).load({ holder: reader.holder });
    await held.apply([freeze(randomId("r"), context.key())], { holder: held.pod.holder });
    await context.until("word of the freeze", () => inbox.heard.length > 0);
  }),
  theCase("a pod is not told of its own commits", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    const own = held.by(reader);
    await own.load({ holder: reader.holder });
    await own.apply([set("a", 1)], { holder: reader.holder });
    await own.apply([set("a", 2)], { holder: reader.holder });
    expectEqual(await wordsBefore(context, held, reader, inbox), 0, "words of its own commits");
  }),
  theCase("a holder is told once, until it loads again", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    const copy = held.by(reader);
    await copy.load({ holder: reader.holder });
    for (let round = 0; round < 3; round++) {
      await held.apply([increment("n")], { holder: held.pod.holder });
    }
    expectEqual(await wordsBefore(context, held, reader, inbox), 1, "words of three commits");
    await copy.load({ holder: reader.holder });
    await held.apply([increment("n")], { holder: held.pod.holder });
    await context.until("word of the next commit", () => inbox.about(held.key) === 2);
  }),
  theCase("a load answered unchanged registers too", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    const copy = held.by(reader);
    const reply = await copy.load({ holder: reader.holder, known: held.identity });
    expectOutcome(reply, "unchanged");
    await held.apply([increment("n")], { holder: held.pod.holder });
    await context.until("word of the commit", () => inbox.heard.length > 0);
  }),
  theCase(
    "a pod that is registered stays so, and is registered again once it lacks a commit",
    async (context) => {
      const { held, reader, inbox } = await readerOf(context);
      const copy = held.by(reader);
      const { holder } = reader;
      const known = held.identity;
      await copy.load({ holder, known });
      const request = { holder, known, isRegistered: true };
      expectOutcome(await copy.load(request), "unchanged");
      await held.apply([increment("n")], { holder: held.pod.holder });
      await context.until("word of the commit", () => inbox.heard.length === 1);
      expectOutcome(await copy.load(request), "found");
      await held.apply([increment("n")], { holder: held.pod.holder });
      await context.until("word of the next commit", () => inbox.heard.length === 2);
    },
  ),
  theCase(
    "a pod that commits holds what it committed, and is told of the next commit",
    async (context) => {
      const { held, reader, inbox } = await readerOf(context);
      await held.by(reader).apply([set("a", 1)], { holder: reader.holder });
      await held.apply([set("a", 2)], { holder: held.pod.holder });
      await context.until("word of the commit", () => inbox.heard.length > 0);
      expectEqual(inbox.heard[0]!.version, 3, "the version");
    },
  ),
  theCase("a pod whose create joined a session holds it", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    const joined = await reader.commit(held.key, [create()], { holder: reader.holder });
    expectOutcome(joined, "applied");
    await held.apply([set("a", 2)], { holder: held.pod.holder });
    await context.until("word of the commit", () => inbox.heard.length > 0);
  }),
  theCase("a touch, a refusal and a duplicate tell nobody", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    const { holder } = held.pod;
    const batch = held.batch([increment("n")], { holder });
    await held.send(batch);
    await held.by(reader).load({ holder: reader.holder });
    expectOutcome(await held.send(batch), "duplicate");
    await held.apply([touch], { holder });
    expectOutcome(await held.commit([touch], { holder, prev: 999 }), "behind");
    const ifVersion = held.identity;
    expectOutcome(await held.commit([set("a", 1)], { holder, ifVersion }), "conflict");
    expectEqual(await wordsBefore(context, held, reader, inbox), 0, "words of no change");
  }),
  theCase("a touch leaves the holders registered", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    await held.by(reader).load({ holder: reader.holder });
    await held.apply([touch], { holder: held.pod.holder });
    await held.apply([set("a", 1)], { holder: held.pod.holder });
    await context.until("word of the commit", () => inbox.heard.length > 0);
  }),
  theCase("twelve holders are all told", async (context) => {
    const held = await context.session({ batch: {} });
    const inboxes: Inbox[] = [];
    for (let index = 0; index < 12; index++) {
      const pod = await context.pod();
      inboxes.push(await Inbox.of(pod));
      await held.by(pod).load({ holder: pod.holder });
    }
    await held.apply([set("a", 1)], { holder: held.pod.holder });
    await context.until(
      "word to everybody",
      () => inboxes.every((inbox) => inbox.about(held.key) > 0),
    );
    await Promise.all(inboxes.map((inbox) => inbox.end()));
  }),
  theCase("a pod that stopped listening is told nothing", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    const still = await Inbox.of(reader);
    await held.by(reader).load({ holder: reader.holder });
    await inbox.end();
    await held.apply([set("a", 1)], { holder: held.pod.holder });
    await context.until("word to the other listener", () => still.heard.length > 0);
    expectEqual(inbox.heard.length, 0, "words after the end");
    await still.end();
  }),
  theCase("a pod of the same name under another tenant is told nothing", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    const foreign = await context.pod();
    const prefix = `${context.inboxPrefix}other:`;
    const ears = await Inbox.of(foreign, { pod: reader.writer, inboxPrefix: prefix });
    await held.by(reader).load({ holder: reader.holder });
    await held.apply([set("a", 1)], { holder: held.pod.holder });
    await context.until("word to the holder", () => inbox.heard.length > 0);
    await context.passed(held.pod.storeTimeMs + 20);
    expectEqual(ears.heard.length, 0, "words to the other tenant");
    await ears.end();
  }),
  theCase("word says enough for a pod to know that its copy is newer", async (context) => {
    const { held, reader, inbox } = await readerOf(context);
    for (let round = 0; round < 5; round++) {
      await held.by(reader).load({ holder: reader.holder });
      await held.apply([increment("n")], { holder: held.pod.holder });
    }
    await context.until("word of five commits", () => inbox.about(held.key) === 5);
    const versions = inbox.heard.map((word) => word.version);
    expectEqual(versions, [2, 3, 4, 5, 6], "the versions");
    expectTrue(inbox.heard.every((word) => word.key === held.key), "the key of each");
  }),
];

function theCase(
  name: string,
  run: (context: ConformanceContext) => Promise<void>,
): ConformanceCase {
  return { name, clause: "G5", needs: "inbox", run };
}

/** A session, another pod, and that pod's inbox. */
async function readerOf(
  context: ConformanceContext,
): Promise<{ held: Held; reader: Pod; inbox: Inbox }> {
  const held = await context.session();
  const reader = await context.pod();
  return { held, reader, inbox: await Inbox.of(reader) };
}

/**
 * Words about a session, counted when word of a later commit to another session has come: what was not
 * told by then will not be.
 */
async function wordsBefore(
  context: ConformanceContext,
  held: Held,
  reader: Pod,
  inbox: Inbox,
): Promise<number> {
  const marker = await context.session({ pod: held.pod });
  await marker.by(reader).load({ holder: reader.holder });
  await marker.apply([set("marker", 1)], { holder: held.pod.holder });
  await context.until("word of the marker", () => inbox.about(marker.key) > 0);
  return inbox.about(held.key);
}
