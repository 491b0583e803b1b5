/**
 * Running cases.
 *
 * @module
 */

import type { ServerBinary } from "../scripts/servers/provision.ts";
import { type BenchCase, type BenchSettings, type CaseBackend, REDIS_CLIENTS } from "./case.ts";
import type { CaseResult } from "./results.ts";
import { Workbench } from "./workbench.ts";

/** No case takes as long on one backend, nor the long ones in full: more is a hang, and others wait. */
const LIMIT_MS = 1_200_000;

/** How a case is run. */
export interface RunOptions {
  readonly backend: CaseBackend;
  readonly settings: BenchSettings;
  /** Of the servers that are begun; undefined where none is needed. */
  readonly binary: ServerBinary | undefined;
  /** How long it may take. @default 20 minutes */
  readonly limitMs?: number;
}

/** Whether a backend needs a server. */
export function needsServer(backend: CaseBackend): boolean {
  return (REDIS_CLIENTS as readonly CaseBackend[]).includes(backend);
}

/** Runs a case on one backend. What goes wrong is part of the result: the others can still be measured. */
export async function runCase(one: BenchCase, options: RunOptions): Promise<CaseResult> {
  const { backend, settings, binary, limitMs = LIMIT_MS } = options;
  const { name, title } = one;
  const about = { case: name, title, backend };
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`It took longer than ${limitMs / 1_000} s, and was given up.`));
  }, limitMs);
  try {
    await using bench = await Workbench.open({
      ...{ backend, settings, binary: needsServer(backend) ? binary : undefined },
    });
    const findings = await Promise.race([one.run(bench), late.promise]);
    const { races, verdicts, figures = {}, notes = [] } = findings;
    return { ...about, races, verdicts, figures, notes };
  } catch (error) {
    const nothing = { races: [], verdicts: [], figures: {}, notes: [] };
    return { ...about, ...nothing, error: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
