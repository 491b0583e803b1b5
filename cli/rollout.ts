/**
 * `rollout gate`: whether a staged rollout may go on.
 *
 * @module
 */

import type { Command } from "commander";
import {
  addOptions,
  type CommandContext,
  EXIT_CODES,
  type GlobalOptions,
} from "./command_context.ts";
import { askGate, type GateOptions, type GateVerdict } from "./gate.ts";
import { Prometheus } from "./prometheus.ts";
import { positiveNumber } from "./text.ts";

interface RolloutGateOptions extends GlobalOptions, GateOptions {
  readonly prometheus?: string;
}

/** Adds the command. */
export function addRollout(program: Command, context: CommandContext): void {
  addOptions(
    program.command("rollout").description("Looks after a staged rollout.")
      .command("gate"),
    ["json"],
  )
    .description(
      "Asks Prometheus whether the last hours allow the next step: recovery failures at most 1 %, p99 at most 200 ms, Redis " +
        "memory at most 1 GB, no incident, traffic at all, and data of the whole time.",
    )
    .option("--prometheus <url>", "default: PROMETHEUS_URL, or http://127.0.0.1:9090")
    .option("--hours <n>", "how far back to look", positiveNumber("--hours"), 72)
    .option("--selector <labels>", `the pods' labels, e.g. 'job="gateway"'`)
    .option("--redis-selector <labels>", "the Redis exporter's labels")
    .option("--partial", "data of a part of that time is enough")
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<RolloutGateOptions>();
      const url = options.prometheus ?? context.terminal.env.PROMETHEUS_URL ??
        "http://127.0.0.1:9090";
      const verdict = await askGate(new Prometheus(url), options);
      context.answer(options, verdict, () => describe(verdict));
      if (verdict.verdict === "no-go") context.exitCode = EXIT_CODES.no;
    });
}

function describe({ verdict, hours, conditions }: GateVerdict): string {
  return [
    `${verdict === "go" ? "GO" : "NO GO"}: the last ${hours} hours`,
    ...conditions.map(({ isMet, name, reason }) =>
      `${isMet ? "ok    " : "NOT OK"}  ${name.padEnd(17)}  ${reason}`
    ),
  ].join("\n");
}
