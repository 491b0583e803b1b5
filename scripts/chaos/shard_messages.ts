import type { CampaignOptions } from "../../chaos/campaign.ts";
import type { CampaignResult, Tally } from "../../chaos/campaign_result.ts";
import { FaultLatencies } from "../../chaos/fault_latency.ts";

/** What a shard is told, as its argument. */
export type ShardTask = Omit<CampaignOptions, "runner" | "signal" | "onHistory">;

/** What a shard says, one line of JSON each. */
export type FromShard =
  | { readonly type: "tally"; readonly tally: Tally }
  | { readonly type: "result"; readonly result: CampaignResult };

/** A map as JSON, under a name that nothing else has. */
interface WrittenMap {
  readonly entriesOfMap: [unknown, unknown][];
}

/** As a line, in which maps stay maps. */
export function writeMessage(message: FromShard): string {
  return JSON.stringify(
    message,
    (_name, value) => value instanceof Map ? { entriesOfMap: [...value] } : value,
  );
}

/** Reads what {@linkcode writeMessage} wrote. */
export function readMessage(line: string): FromShard {
  return JSON.parse(line, (name, value) => {
    if (isMap(value)) return new Map(value.entriesOfMap);
    return name === "latencies" ? FaultLatencies.of(value) : value;
  });
}

function isMap(value: unknown): value is WrittenMap {
  return typeof value === "object" && value !== null && "entriesOfMap" in value;
}
