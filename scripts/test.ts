/**
 * `deno task test`: fetches the servers that the tests need, and runs all tests, those in the documentation too.
 *
 * @module
 */

import { Command } from "commander";
import { print, printError } from "./print.ts";
import { findMonitoring } from "./servers/monitoring.ts";
import { findServer, isMissing, SERVER_KINDS } from "./servers/provision.ts";

/** Counts of a run. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
}

new Command("deno task test")
  .description(
    "Fetches Redis and Valkey servers, and Prometheus, into a cache folder if need be, and runs all tests.",
  )
  .argument("[files...]", "test files, or options for `deno test` after --")
  .action(async (files: string[]) => {
    if (!await provision()) {
      Deno.exitCode = 1;
      return print("0 passed, 1 failed");
    }
    const { passed, failed } = await runTests(files);
    Deno.exitCode = failed === 0 && passed > 0 ? 0 : 1;
    print(`${passed} passed, ${failed} failed`);
  })
  .parse(Deno.args, { from: "user" });

/** A server that cannot be had is a failure, never a silent skip. */
async function provision(): Promise<boolean> {
  let complete = true;
  for (const kind of SERVER_KINDS) {
    const server = await findServer(kind, { provision: true, onProgress: print });
    if (isMissing(server)) {
      printError(`No ${kind} server to test with: ${server.missing}`);
      complete = false;
    } else {
      print(`${kind}: ${"version" in server ? server.version : server.url} (${server.origin})`);
    }
  }
  const monitoring = await findMonitoring({ provision: true, onProgress: print });
  if ("missing" in monitoring) {
    printError(`No Prometheus to test with: ${monitoring.missing}`);
    complete = false;
  } else print(`prometheus: ${monitoring.version} (${monitoring.origin})`);
  return complete;
}

async function runTests(files: readonly string[]): Promise<Counts> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const everything = files.length === 0;
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--allow-all",
        "--parallel",
        "--sanitize-ops",
        "--sanitize-resources",
        `--junit-path=${report}`,
        ...(everything
          ? [
            "--doc",
            "tests",
            "mod.ts",
            "core",
            "adapters",
            "chaos",
            "observability",
            "README.md",
            "docs",
          ]
          : files),
      ],
      stdin: "null",
    }).spawn().status;
    const counts = countTests(await Deno.readTextFile(report));
    // A file that does not load fails no test of its own.
    return success || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    await Deno.remove(report);
  }
}

function countTests(junit: string): Counts {
  const [head = ""] = /<testsuites[^>]*>/.exec(junit) ?? [];
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  return { passed: count("tests") - failed, failed };
}
