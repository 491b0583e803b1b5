/**
 * Running cases.
 *
 * @module
 */

import type { ServerBinary } from "../scripts/servers/provision.ts";
import { type BenchCase, type BenchSettings, type CaseBackend, REDIS_CLIENTS } from "./case.ts";
import type { CaseResult } from "./results.ts";
import { Workbench } from "./workbench.ts";

/** Whether a backend needs a server. */
export function needsServer(backend: CaseBackend): boolean {
  return (REDIS_CLIENTS as readonly CaseBackend[]).includes(backend);
}

/** Runs a case on one backend. What goes wrong is part of the result: the others can still be measured. */
export async function runCase(
  { name, title, run }: BenchCase,
  { backend, settings, binary }: {
    readonly backend: CaseBackend;
    readonly settings: BenchSettings;
    readonly binary: ServerBinary | undefined;
  },
): Promise<CaseResult> {
  const about = { case: name, title, backend };
  try {
    await using bench = await Workbench.open({
      ...{ backend, settings, binary: needsServer(backend) ? binary : undefined },
    });
    const { races, verdicts, figures = {}, notes = [] } = await run(bench);
    return { ...about, races, verdicts, figures, notes };
  } catch (error) {
    const nothing = { races: [], verdicts: [], figures: {}, notes: [] };
    return { ...about, ...nothing, error: error instanceof Error ? error.message : String(error) };
  }
}
