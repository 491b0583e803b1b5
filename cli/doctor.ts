/**
 * `doctor`: whether a server is fit to keep sessions.
 *
 * @module
 */

import type { Command } from "commander";
import { checkPrefix } from "../core/options.ts";
import { checkTenant } from "../core/validation.ts";
import { addOptions, type CommandContext, EXIT_CODES } from "./command_context.ts";
import { type Diagnosis, examine } from "./doctor/examine.ts";
import type { Severity } from "./doctor/finding.ts";
import { type DoctorOptions, findTarget } from "./doctor/target.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULT_TIMEOUT_MS = 5_000;

const SIGNS: Readonly<Record<Severity, string>> = {
  error: "ERROR",
  warning: "warning",
  unknown: "unknown",
  ok: "ok",
};

/** Adds the command. */
export function addDoctor(program: Command, context: CommandContext): void {
  addOptions(program.command("doctor"))
    .description(
      "Looks at a Redis or Valkey server: connection, version, TLS, ACL, eviction, memory, persistence, replication, " +
        "latency, clock; and says what to do. Writes nothing. Exit code 1: there is something to do.",
    )
    .option("--tenant <name>", "the user is this tenant's own (option credentials)")
    .option("--ca <file>", "the authority's certificate, as PEM")
    .option("--cert <file>", "this client's certificate, as PEM")
    .option("--key <file>", "its key, as PEM")
    .option("--servername <name>", "the name that the server's certificate bears")
    .option("--timeout <ms>", "longest wait for an answer", milliseconds)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DoctorOptions>();
      const { tenant, keyPrefix = "hakgal", timeout: timeoutMs = DEFAULT_TIMEOUT_MS } = options;
      const target = await findTarget(options, context.terminal, timeoutMs);
      const diagnosis = await examine({
        target,
        timeoutMs,
        keyPrefix: checkPrefix(keyPrefix),
        tenant: tenant === undefined ? undefined : checkTenant(tenant),
      });
      const { host, port } = target.endpoint;
      const result = { server: `${host}:${port}`, healthy: isHealthy(diagnosis), ...diagnosis };
      context.answer(options, result, () => describe(diagnosis));
      if (!diagnosis.asked) context.exitCode = EXIT_CODES.failed;
      else if (!result.healthy) context.exitCode = EXIT_CODES.no;
    });
}

/** What the server does not tell is no reason to call it ill. */
function isHealthy({ asked, findings }: Diagnosis): boolean {
  return asked && findings.every(({ severity }) => severity === "ok" || severity === "unknown");
}

function describe({ findings }: Diagnosis): string {
  return findings.map(({ check, severity, message, advice }) => {
    const line = `${SIGNS[severity].padEnd(8)} ${check.padEnd(12)} ${message}`;
    return advice === undefined ? line : `${line}\n${" ".repeat(22)}${advice}`;
  }).join("\n");
}

function milliseconds(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new UsageError(
    `--timeout is a whole number of milliseconds from 1 to 9999999; got ${JSON.stringify(text)}.`,
  );
}
