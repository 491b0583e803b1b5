/**
 * How every schedule ends: all faults are healed, the pods come to rest, and everybody looks.
 *
 * @module
 */

import type { Call } from "../history.ts";
import { comeBack } from "./choices.ts";
import type { WorldRun } from "./world_run.ts";

/** Within which a journal drains by itself. */
const RECONCILED_MS = 9_000;
/** How often a pod looks whether its store has its memory, and a margin. */
const NOTICED_MS = 2_500;
const PATIENCE_MS = 60_000;

/** Ends a run. */
export async function finish(run: WorldRun): Promise<void> {
  const { wire, world, settings, pods } = run;
  wire.commands.length = 0;
  wire.isOpen = true;
  if (wire.isDown) comeBack(run);
  const { outages, losses, damages, kills } = world.faults;
  const mayJournal = outages || losses || damages;
  if (mayJournal || kills) {
    for (const pod of pods.slice(0, world.pods)) pod.begin().connect();
  }
  await run.pass(settings.commandTimeoutMs + settings.maxStalenessMs + 2);
  if (mayJournal) await reconcile(run, losses !== undefined);
  const looking = pods.slice(0, world.pods).map((_, index) => index);
  for (const fresh of [false, true]) await lookAll(run, looking, fresh);
  for (const [index, session] of run.names.entries()) {
    await last(run, index % world.pods, run.plan.lastCreate(session));
    await last(run, (index + 1) % world.pods, run.plan.lastIncrement(session));
  }
  // A pod that has just started holds nothing: it shows what the store has.
  await lookAll(run, [...looking, world.pods], true);
  run.recorder.end();
}

async function reconcile(run: WorldRun, losesMemory: boolean): Promise<void> {
  if (losesMemory) await run.pass(NOTICED_MS);
  const lives = run.pods.slice(0, run.world.pods).map((pod) => pod.begin());
  await run.pass(RECONCILED_MS, () => lives.every((pod) => !pod.isAway && pod.journaled === 0));
  for (const pod of lives) {
    let isDone = false;
    pod.flush(RECONCILED_MS).then((flush) => {
      run.recorder.flush(pod.name, flush);
      isDone = true;
    });
    await run.pass(2 * RECONCILED_MS, () => isDone);
  }
}

async function lookAll(run: WorldRun, pods: readonly number[], fresh: boolean): Promise<void> {
  for (const pod of pods) {
    for (const session of run.names) {
      await last(run, pod, { ...run.plan.freshRead(session), fresh });
    }
  }
}

async function last(run: WorldRun, pod: number, call: Call): Promise<void> {
  await run.pass(PATIENCE_MS, run.invoke(pod, call, true));
}
