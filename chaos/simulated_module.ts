/**
 * Simulated runs over the adapter of a module.
 *
 * @module
 */

import { ConfigError } from "../mod.ts";
import type { AdapterModule } from "./adapter_module.ts";
import { type CampaignOptions, runCampaign } from "./campaign.ts";
import type { CampaignResult } from "./campaign_result.ts";
import type { CaseSettings } from "./case.ts";
import { type FaultKind, faultKindsOf, losesMemory } from "./fault_kinds.ts";
import { runSimulated } from "./simulated_runner.ts";

/** The faults of such runs: nobody makes a store forget that is not known. */
export const SIMULATED_MODULE_FAULTS: readonly FaultKind[] = faultKindsOf("memory")
  .filter((kind) => !losesMemory(kind) && kind !== "eviction");

/** What is run. */
export interface SimulatedModuleOptions extends
  Pick<
    CampaignOptions,
    "seed" | "path" | "runs" | "timeLimitMs" | "shrinkMs" | "signal" | "onHistory"
  > {
  readonly faults: readonly FaultKind[];
  readonly settings?: Partial<CaseSettings>;
}

/** Runs cases, each on a store of its own. */
export async function runModuleSimulated(
  module: AdapterModule,
  { faults, settings, ...campaign }: SimulatedModuleOptions,
): Promise<CampaignResult> {
  let stores = 0;
  return await runCampaign({
    ...campaign,
    runner: (chaosCase) => {
      const store = `simulated-${++stores}`;
      return runSimulated({ ...chaosCase, settings: { ...chaosCase.settings, ...settings } }, {
        store: (clock) => () => {
          const adapter = module.createAdapter({ store, clock });
          if (!(adapter instanceof Promise)) return adapter;
          throw new ConfigError(
            "adapterModule",
            "createAdapter answers a promise; to be simulated it must answer the adapter itself.",
          );
        },
      });
    },
    cases: { faults, time: "virtual" },
    isDeterministic: true,
  });
}
