import { Command, InvalidArgumentError } from "commander";
import { findMonitoring } from "./servers/monitoring.ts";
import {
  findServer,
  isExecutable,
  isMissing,
  SERVER_KINDS,
  type ServerKind,
} from "./servers/provision.ts";

function write(stream: { writeSync(data: Uint8Array): number }, line: string): void {
  let bytes = new TextEncoder().encode(`${line}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

const KINDS = [...SERVER_KINDS, "prometheus"] as const;
type Kind = ServerKind | "prometheus";

function toKinds(value: string, previous: readonly Kind[] | undefined): Kind[] {
  const kind = KINDS.find((name) => name === value);
  if (kind === undefined) throw new InvalidArgumentError(`Name one of ${KINDS.join(", ")}.`);
  return [...(previous ?? []), kind];
}

async function provision(kinds: readonly Kind[]): Promise<boolean> {
  let complete = true;
  for (const kind of new Set(kinds)) {
    try {
      if (kind === "prometheus") {
        await provisionMonitoring();
        continue;
      }
      const found = await findServer(kind, {
        provision: true,
        onProgress: (text) => write(Deno.stderr, text),
      });
      if (isMissing(found)) throw new Error(found.missing);
      write(
        Deno.stdout,
        isExecutable(found)
          ? `${kind} ${found.version} (${found.origin}) ${found.command.join(" ")}`
          : `${kind} (${found.origin}) ${hidePassword(found.url)}`,
      );
    } catch (error) {
      complete = false;
      write(Deno.stderr, `${kind}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return complete;
}

async function provisionMonitoring(): Promise<void> {
  const found = await findMonitoring({
    provision: true,
    onProgress: (text) => write(Deno.stderr, text),
  });
  if ("missing" in found) throw new Error(found.missing);
  write(Deno.stdout, `prometheus ${found.version} (${found.origin}) ${found.prometheus}`);
}

function hidePassword(text: string): string {
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  return url.href;
}

if (import.meta.main) {
  const program = new Command("provision")
    .description(
      "Finds the servers that the tests use, and fetches those that are missing from Debian's " +
        "archive into the cache folder. Needs no root and changes nothing of the system.",
    )
    .argument("[kind...]", `what to provision: ${KINDS.join(", ")} (all of them)`, toKinds)
    .addHelpText(
      "after",
      `
Environment:
  HAKGAL_REDIS_SERVER, HAKGAL_VALKEY_SERVER, HAKGAL_REDIS8_SERVER
                    path of a server program, or URL of a running server, to use instead
  HAKGAL_PROMETHEUS_DIR
                    folder of prometheus, promtool and prometheus-redis-exporter
  HAKGAL_CACHE_DIR  where to keep what is fetched`,
    )
    .action(async (kinds: Kind[] | undefined) => {
      if (!await provision(kinds?.length ? kinds : KINDS)) Deno.exitCode = 1;
    });
  await program.parseAsync(Deno.args, { from: "user" });
}
