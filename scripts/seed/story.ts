/**
 * The three tests of pod death: what one pod writes before it is killed, and what another must find.
 *
 * @module
 */

import type { SessionManager } from "../../mod.ts";
import { trajectory } from "./vectors.ts";

/** The tenant whose sessions the story is about. */
export const STORY_TENANT = "acme";

/** What became of one of the three tests. */
export interface Finding {
  readonly name: string;
  readonly passed: boolean;
  /** What was found, in a few words. */
  readonly detail: string;
  readonly durationMs: number;
}

/** The session that the first test is about. */
export const SINGLE = "user-42";
const TRAVELLER = "user-with-trajectory";
/** Sessions that are written at once. */
const WRITERS = 200;

/** The ids of all sessions of a story. */
export function storyIds(sessions: number): string[] {
  return [SINGLE, TRAVELLER, ...crowd(sessions)];
}

/** Writes all three tests' sessions; what has been written when it resolves is acknowledged. */
export async function writeStory(manager: SessionManager, sessions: number): Promise<void> {
  const acme = manager.tenant(STORY_TENANT);
  await acme.getOrCreate(SINGLE, { plan: "free" });
  await acme.updateContext(SINGLE, { tx_count_1h: 5 });

  await acme.getOrCreate(TRAVELLER);
  for (const vector of trajectory()) await acme.appendTrajectory(TRAVELLER, vector);

  const ids = crowd(sessions).values();
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    for (const id of ids) {
      await acme.getOrCreate(id);
      await acme.updateContext(id, { request_count: 42 });
    }
  }));
}

/** Looks for what another pod has written, and goes on with it. */
export async function recoverStory(
  manager: SessionManager,
  sessions: number,
): Promise<readonly Finding[]> {
  return [
    await timed("one session survives and goes on", () => recoverSingle(manager)),
    await timed(`${count(sessions)} sessions survive`, () => recoverCrowd(manager, sessions)),
    await timed("a trajectory survives bit for bit", () => recoverTrajectory(manager)),
  ];
}

/** Whether a test passed, and what was found. */
export type Judgement = Pick<Finding, "passed" | "detail">;

async function recoverSingle(manager: SessionManager): Promise<Judgement> {
  const acme = manager.tenant(STORY_TENANT);
  const session = await acme.loadFromStore(SINGLE);
  if (!session) return { passed: false, detail: "the session is gone" };
  const { tx_count_1h: found, plan } = session.context;
  const { expiresInMs } = session;
  const next = await acme.increment(SINGLE, "tx_count_1h");
  return {
    passed: found === 5 && plan === "free" && expiresInMs > 0 && next === 6,
    detail: `tx_count_1h=${found}, valid for ${Math.round(expiresInMs / 1_000)} s, then ${next}`,
  };
}

/** Looks for the sessions of the second test. */
export async function recoverCrowd(manager: SessionManager, sessions: number): Promise<Judgement> {
  const ids = crowd(sessions);
  const found = await manager.tenant(STORY_TENANT).recover(ids);
  const whole = ids.filter((id) => found.get(id)?.context["request_count"] === 42).length;
  return {
    passed: whole === sessions,
    detail: `${count(whole)} of ${count(sessions)} with request_count=42`,
  };
}

/** Looks for the vectors of the third test. */
export async function recoverTrajectory(manager: SessionManager): Promise<Judgement> {
  const session = await manager.tenant(STORY_TENANT).loadFromStore(TRAVELLER);
  const found = session?.trajectory ?? [];
  const expected = trajectory();
  const same = expected.filter((vector, index) => sameBits(vector, found[index])).length;
  return {
    passed: same === expected.length && found.length === expected.length,
    detail: `${same} of ${expected.length} vectors of ${expected[0]?.length} float32 are the same`,
  };
}

/** Judges, and tells how long that took. */
export async function timed(name: string, judge: () => Promise<Judgement>): Promise<Finding> {
  const startedMs = performance.now();
  const judgement = await judge();
  return { name, ...judgement, durationMs: performance.now() - startedMs };
}

function sameBits(expected: Float32Array, found: Float32Array | undefined): boolean {
  if (found?.length !== expected.length) return false;
  const [left, right] = [bits(expected), bits(found)];
  return left.every((word, index) => word === right[index]);
}

/** As numbers, −0 and 0 would be the same. */
function bits(vector: Float32Array): Uint32Array {
  return new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
}

function crowd(sessions: number): string[] {
  return Array.from({ length: sessions }, (_, index) => `user-${index}-of-many`);
}

function count(value: number): string {
  return value.toLocaleString("en");
}
