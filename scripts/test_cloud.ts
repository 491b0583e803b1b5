/**
 * `deno task test:cloud`: the three tests of pod death against a managed Redis, named by `REDIS_CLOUD_*`.
 *
 * @module
 */

import { Command, InvalidArgumentError, Option } from "commander";
import { StoreUnavailableError } from "../mod.ts";
import { INTERRUPTED, Interruption } from "./interruption.ts";
import { print, printError } from "./print.ts";
import { missingVariables, removeStory } from "./seed/cloud.ts";
import { PodFailure, runStory } from "./seed/run.ts";

const PASSED = 0;
const FAILED = 1;
const COULD_NOT_RUN = 2;

/** What the command line says. */
interface Arguments {
  readonly backend: string;
  readonly sessions: number;
}

await new Command("deno task test:cloud")
  .description(
    "Kills a process that wrote sessions into a managed Redis, and looks for them from another. The " +
      "server is named by REDIS_CLOUD_HOST, _PORT, _USERNAME, _PASSWORD, _TLS and _CA. All keys begin " +
      "with a random prefix and are removed at the end.\n\n" +
      "Exit code: 0 passed, 1 failed, 2 could not run.",
  )
  .addOption(
    new Option("--backend <name>", "client library")
      .choices(["ioredis", "node-redis", "valkey-glide"]).default("ioredis"),
  )
  .option("--sessions <number>", "sessions of the second test", wholeNumber, 10_000)
  .exitOverride((error) => Deno.exit(error.exitCode === 0 ? PASSED : COULD_NOT_RUN))
  .action(async (args: Arguments) => {
    Deno.exitCode = await main(args);
  })
  .parseAsync(Deno.args, { from: "user" });

async function main(args: Arguments): Promise<number> {
  const missing = missingVariables();
  if (missing !== undefined) {
    printError(missing);
    return COULD_NOT_RUN;
  }
  using interruption = new Interruption();
  try {
    return await testAndRemove(args, interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED;
    printError(withoutPassword(advice(error)));
    return COULD_NOT_RUN;
  }
}

async function testAndRemove(args: Arguments, signal: AbortSignal): Promise<number> {
  const { backend, sessions } = args;
  const keyPrefix = `hakgal-test-${crypto.randomUUID().slice(0, 8)}`;
  const podIds: string[] = [];
  // It would win over the variables of the managed Redis.
  Deno.env.delete("HAKGAL_SESSION_URL");
  Deno.env.set("HAKGAL_SESSION_BACKEND", backend);
  print(
    `Testing ${Deno.env.get("REDIS_CLOUD_HOST")} through ${backend}; keys begin with ${keyPrefix}`,
  );
  try {
    const { writtenMs, findings } = await runStory({
      keyPrefix,
      sessions,
      environment: {},
      onPod: (podId) => podIds.push(podId),
      signal,
    });
    print(`The first pod wrote everything in ${seconds(writtenMs)} and was killed with SIGKILL.`);
    for (const { name, passed, detail, durationMs } of findings) {
      print(`${passed ? "ok    " : "FAILED"}  ${name}: ${detail} (${seconds(durationMs)})`);
    }
    const failed = findings.filter(({ passed }) => !passed).length;
    print(`${findings.length - failed} passed, ${failed} failed`);
    return failed === 0 ? PASSED : FAILED;
  } finally {
    // Without a pod that opened, nothing was written.
    if (podIds.length > 0) await cleanUp(keyPrefix, sessions, podIds);
  }
}

/** What cannot be removed runs out by itself: it does not change the result. */
async function cleanUp(keyPrefix: string, sessions: number, podIds: string[]): Promise<void> {
  try {
    print(`${await removeStory(keyPrefix, sessions, podIds)} keys removed`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    printError(withoutPassword(
      `The keys that begin with ${keyPrefix} could not be removed (${reason}); they expire by themselves.`,
    ));
  }
}

function advice(error: unknown): string {
  const said = error instanceof PodFailure
    ? error.message
    : error instanceof Error
    ? `${error.name}: ${error.message}`
    : String(error);
  if (/WRONGPASS|NOAUTH/.test(said)) {
    return `${said}\nCheck REDIS_CLOUD_USERNAME and REDIS_CLOUD_PASSWORD: it is the database's password ` +
      `that counts, not the key of the provider's API.`;
  }
  if (/certificate|\bCERT_|SELF_SIGNED/i.test(said)) {
    return `${said}\nSet REDIS_CLOUD_CA to the authority's certificate as PEM text.`;
  }
  if (new RegExp(StoreUnavailableError.name).test(said)) {
    return `${said}\nCheck REDIS_CLOUD_HOST and REDIS_CLOUD_PORT, and whether the server wants TLS ` +
      `(REDIS_CLOUD_TLS=1).`;
  }
  return said;
}

/** An error of a client or of the server may quote what it was given. */
function withoutPassword(text: string): string {
  const password = Deno.env.get("REDIS_CLOUD_PASSWORD");
  return password ? text.replaceAll(password, "***") : text;
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a whole number from 1 to 9999999.");
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
