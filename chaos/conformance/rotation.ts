/**
 * A rotation on its way, for the cases about it.
 *
 * @module
 */

import type { Moving } from "../public.ts";
import type { ConformanceContext } from "./case.ts";
import { expectOutcome } from "./expect.ts";
import { freeze } from "./operations.ts";
import type { Held, NewSession } from "./pod.ts";
import { randomId } from "./random.ts";

/** A session that was frozen, and what the following steps need. */
export interface Rotating {
  readonly old: Held;
  readonly nonce: string;
  /** The new key. */
  readonly to: string;
  /** The rotation as a writer. */
  readonly by: { readonly writer: string; readonly seq: number };
}

/** Makes a session with the field `a` and freezes it. */
export async function rotating(
  context: ConformanceContext,
  options: NewSession = {},
): Promise<Rotating> {
  const old = await context.session({ context: { a: 1 }, ...options });
  const nonce = randomId("r");
  const to = context.key();
  const by = { writer: nonce, seq: 1 };
  await old.apply([freeze(nonce, to)], { ...by, ttlMs: 1 });
  return { old, nonce, to, by };
}

/** What a load says of a moving session. */
export async function moving(held: Held): Promise<Moving> {
  return expectOutcome(await held.load(), "moving", "the load").moving;
}
