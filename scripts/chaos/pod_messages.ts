import type { CaseFault, CaseSettings } from "../../chaos/case.ts";
import type { Call, Result } from "../../chaos/history.ts";
import type { BackendName } from "./arguments.ts";

/** What a pod process is told, one line of JSON each. */
export type ToPod =
  | {
    readonly type: "open";
    readonly backend: Exclude<BackendName, "memory">;
    readonly url: string;
    readonly settings: CaseSettings;
  }
  /** Faults of the next history that the process makes itself; none where a proxy makes them. */
  | { readonly type: "faults"; readonly faults: readonly CaseFault[]; readonly commits: number }
  | { readonly type: "call"; readonly call: Call };

/** What a pod process says. */
export type FromPod =
  | { readonly type: "open"; readonly server: string }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "fault"; readonly fault: CaseFault }
  | { readonly type: "commit" }
  | { readonly type: "result"; readonly op: number; readonly result: Result };
