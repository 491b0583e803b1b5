/**
 * The four checks of the seed's run against a managed Redis: what a pod finds of a session whose pod has died.
 *
 * @module
 */

import { type Session, type SessionManager, StoreRejectedError } from "../../mod.ts";
import {
  type Finding,
  type Judgement,
  recoverCrowd,
  recoverTrajectory,
  SINGLE,
  STORY_TENANT,
  timed,
} from "./story.ts";

/** A tenant that has no sessions, and that asks for another's. */
const STRANGER = "globex";

/** Looks for what another pod has written, and goes on with it. */
export async function checkCloud(
  manager: SessionManager,
  sessions: number,
): Promise<readonly Finding[]> {
  let session: Session | undefined;
  return [
    await timed("session state is recovered after the pod's death", async () => {
      session = await manager.tenant(STORY_TENANT).loadFromStore(SINGLE);
      return { passed: session !== undefined, detail: session ? "found" : "the session is gone" };
    }),
    await timed("context data is preserved", () => Promise.resolve(judgeContext(session))),
    await timed("the session remains valid, and goes on", () => goOn(manager, session)),
    await timed("nothing is lost, and nothing is open to another tenant", async () => {
      const parts = [
        await recoverCrowd(manager, sessions),
        await recoverTrajectory(manager),
        await tryAsStranger(manager),
      ];
      return {
        passed: parts.every(({ passed }) => passed),
        detail: parts.map(({ detail }) => detail).join("; "),
      };
    }),
  ];
}

function judgeContext(session: Session | undefined): Judgement {
  const { tx_count_1h: count, plan } = session?.context ?? {};
  return { passed: count === 5 && plan === "free", detail: `tx_count_1h=${count}, plan=${plan}` };
}

async function goOn(manager: SessionManager, session: Session | undefined): Promise<Judgement> {
  const next = await manager.tenant(STORY_TENANT).increment(SINGLE, "tx_count_1h");
  const validMs = session?.expiresInMs ?? 0;
  return {
    passed: validMs > 0 && next === 6,
    detail: `valid for ${Math.round(validMs / 1_000)} s, then tx_count_1h=${next}`,
  };
}

/** The same id under another tenant is nobody's; a server whose user is this tenant's alone refuses the question. */
async function tryAsStranger(manager: SessionManager): Promise<Judgement> {
  try {
    const found = await manager.tenant(STRANGER).loadFromStore(SINGLE);
    return {
      passed: found === undefined,
      detail: `tenant ${STRANGER} finds ${found ? "it" : "nothing"}`,
    };
  } catch (error) {
    if (!(error instanceof StoreRejectedError)) throw error;
    return {
      passed: error.code === "NOPERM",
      detail: `the server answers tenant ${STRANGER} with ${error.code}`,
    };
  }
}
