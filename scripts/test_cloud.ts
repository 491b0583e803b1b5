/**
 * `deno task test:cloud`: the seed's four checks against a managed Redis, named by `REDIS_CLOUD_*`; or against a server of
 * our own with TLS and users, when none is named.
 *
 * @module
 */

import { Command, InvalidArgumentError, Option } from "commander";
import { StoreUnavailableError } from "../mod.ts";
import { INTERRUPTED, Interruption } from "./interruption.ts";
import { print, printError } from "./print.ts";
import { missingVariables, namesCloud, removeStory } from "./seed/cloud.ts";
import { checkCloud } from "./seed/cloud_checks.ts";
import { startLocalCloud } from "./seed/local_cloud.ts";
import { PodFailure, runStory } from "./seed/run.ts";

const PASSED = 0;
const FAILED = 1;
const COULD_NOT_RUN = 2;

const BACKENDS = ["ioredis", "node-redis", "valkey-glide"];

/** What the command line says. */
interface Arguments {
  readonly backend?: string;
  readonly sessions: number;
}

await new Command("deno task test:cloud")
  .description(
    "Kills a process that wrote sessions into a managed Redis, and looks for them from another. The " +
      "server is named by REDIS_CLOUD_HOST, _PORT, _USERNAME, _PASSWORD, _TLS and _CA. All keys begin " +
      "with a random prefix and are removed at the end.\n\n" +
      "Without these variables a server of our own is tested, with TLS by its own authority and a user " +
      "who may do no more than is needed.\n\n" +
      "Exit code: 0 passed, 1 failed, 2 could not run.",
  )
  .addOption(
    new Option(
      "--backend <name>",
      "client library; ioredis if not said, on a server of our own all three",
    ).choices(BACKENDS),
  )
  .option("--sessions <number>", "sessions that may not be lost", wholeNumber, 10_000)
  .exitOverride((error) => Deno.exit(error.exitCode === 0 ? PASSED : COULD_NOT_RUN))
  .action(async (args: Arguments) => {
    Deno.exitCode = await main(args);
  })
  .parseAsync(Deno.args, { from: "user" });

async function main(args: Arguments): Promise<number> {
  using interruption = new Interruption();
  try {
    if (!namesCloud()) return await testLocally(args, interruption.signal);
    const missing = missingVariables();
    if (missing === undefined) return await testManaged(args, interruption.signal);
    printError(missing);
    return COULD_NOT_RUN;
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED;
    printError(withoutPassword(advice(error)));
    return COULD_NOT_RUN;
  }
}

/** A test of one backend, and what becomes of the ids of the pods that it opens. */
interface Trial {
  readonly backend: string;
  readonly sessions: number;
  readonly keyPrefix: string;
  readonly onPod?: (podId: string) => void;
  readonly signal: AbortSignal;
}

async function testLocally({ backend, sessions }: Arguments, signal: AbortSignal): Promise<number> {
  let worst = PASSED;
  for (const each of backend === undefined ? BACKENDS : [backend]) {
    // A server for each: what another one wrote is not to be found.
    const keyPrefix = newPrefix();
    await using cloud = await startLocalCloud(keyPrefix);
    for (const [name, value] of Object.entries(cloud.variables)) Deno.env.set(name, value);
    print(
      `No REDIS_CLOUD_* variable was set: this is ${cloud.description} of our own, with TLS by its own ` +
        `authority, and a user with the generated permissions.`,
    );
    worst = Math.max(worst, await test({ backend: each, sessions, keyPrefix, signal }));
    signal.throwIfAborted();
  }
  return worst;
}

async function testManaged(args: Arguments, signal: AbortSignal): Promise<number> {
  const { backend = "ioredis", sessions } = args;
  const keyPrefix = newPrefix();
  const podIds: string[] = [];
  try {
    const onPod = (podId: string) => podIds.push(podId);
    return await test({ backend, sessions, keyPrefix, signal, onPod });
  } finally {
    // Without a pod that opened, nothing was written.
    if (podIds.length > 0) await cleanUp(keyPrefix, sessions, podIds);
  }
}

async function test({ backend, ...plan }: Trial): Promise<number> {
  // It would win over the variables of the managed Redis.
  Deno.env.delete("HAKGAL_SESSION_URL");
  Deno.env.set("HAKGAL_SESSION_BACKEND", backend);
  const { keyPrefix } = plan;
  print(
    `Testing ${Deno.env.get("REDIS_CLOUD_HOST")} through ${backend}; keys begin with ${keyPrefix}`,
  );
  const { writtenMs, findings } = await runStory({ ...plan, environment: {}, recover: checkCloud });
  print(`The first pod wrote everything in ${seconds(writtenMs)} and was killed with SIGKILL.`);
  for (const { name, passed, detail, durationMs } of findings) {
    print(`${passed ? "ok    " : "FAILED"}  ${name}: ${detail} (${seconds(durationMs)})`);
  }
  const failed = findings.filter(({ passed }) => !passed).length;
  print(`${findings.length - failed} passed, ${failed} failed`);
  return failed === 0 ? PASSED : FAILED;
}

function newPrefix(): string {
  return `hakgal-test-${crypto.randomUUID().slice(0, 8)}`;
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
  if (/NOPERM/.test(said)) {
    return `${said}\nGrant the user of REDIS_CLOUD_USERNAME what the library uses, or take the database's default user.`;
  }
  if (/WRONGPASS|NOAUTH/.test(said)) {
    return `${said}\nCheck REDIS_CLOUD_USERNAME and REDIS_CLOUD_PASSWORD: it is the database's password ` +
      `that counts, not the key of the provider's API.`;
  }
  if (/certificate|\bCERT_|SELF_SIGNED/i.test(said)) {
    return `${said}\nSet REDIS_CLOUD_CA to the authority's certificate as PEM text.`;
  }
  if (/rediss?:\/\/ instead/.test(said)) {
    return `${said}\nSet REDIS_CLOUD_TLS to 1 where the server wants TLS, and to 0 where it has none.`;
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
