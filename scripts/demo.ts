/**
 * `deno task demo`: two pods, one of which is killed in the middle of its work, and what is left.
 *
 * @module
 */

import { Command, Option } from "commander";
import { printMetrics } from "./demo/metrics.ts";
import { DemoPod } from "./demo/pod.ts";
import { number, paint, Story } from "./demo/screen.ts";
import { DEMO_BACKENDS, type DemoStore, openStore, type StoreChoice } from "./demo/store.ts";
import { newLog, Traffic } from "./demo/traffic.ts";
import { printVerdict } from "./demo/verdict.ts";
import { INTERRUPTED, Interruption } from "./interruption.ts";
import { print, printError } from "./print.ts";

const PASSED = 0;
const FAILED = 1;
const COULD_NOT_RUN = 2;

const SESSIONS = 36;
/** Answered requests after which the first pod is killed; as many again, and the story ends. */
const REQUESTS_A_POD = 2_000;
/** A slow machine answers fewer, and the story goes on all the same. */
const LONGEST_PHASE_MS = 4_000;
/** Requests that are answered while the store is away. */
const REQUESTS_WHILE_AWAY = 1_500;
/** So many requests are under way when the first pod is killed. */
const IN_FLIGHT_AT_DEATH = 3;
const PROGRESS_EVERY_MS = 400;

await new Command("deno task demo")
  .description(
    "Two pods serve the same sessions. The first is killed with SIGKILL in the middle of its work, the " +
      "second goes on. Then the store itself goes away, and comes back. At the end what users were told is " +
      "compared with what is found, and the second pod's metrics are scraped.\n\n" +
      "Exit code: 0 nothing lost, 1 something lost or doubled, 2 could not run.",
  )
  .addOption(
    new Option("--backend <name>", "where sessions are kept").choices([...DEMO_BACKENDS])
      .default("sqlite"),
  )
  .option("--server <kind|url>", "redis, valkey, redis8, or the URL of a server", "redis")
  .option("--provision", "fetch the server if none is found", false)
  .exitOverride((error) => Deno.exit(error.exitCode === 0 ? PASSED : COULD_NOT_RUN))
  .action(async (choice: StoreChoice) => {
    Deno.exitCode = await main(choice);
  })
  .parseAsync(Deno.args, { from: "user" });

async function main(choice: StoreChoice): Promise<number> {
  using interruption = new Interruption();
  try {
    await using store = await openStore(choice);
    const passed = await tellStory(store, interruption.signal);
    return passed ? PASSED : FAILED;
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED;
    printError(error instanceof Error ? error.message : String(error));
    return COULD_NOT_RUN;
  }
}

async function tellStory(store: DemoStore, signal: AbortSignal): Promise<boolean> {
  const { environment, label } = store;
  print(paint("bold", "A pod dies, and then the store goes away. The sessions do neither."));
  print();
  const story = new Story();
  story.tell(`Sessions are kept in ${label}.`);
  const keyPrefix = `hakgal-demo-${crypto.randomUUID().slice(0, 8)}`;
  const pods: DemoPod[] = [];
  try {
    for (const name of ["pod 1", "pod 2"]) {
      pods.push(await DemoPod.start(name, keyPrefix, environment));
      story.tell(`${paint("cyan", name)} is a process of its own (pid ${pods.at(-1)!.pid}).`);
      signal.throwIfAborted();
    }
    const [first, second] = pods as [DemoPod, DemoPod];
    const log = await serve(story, first, second, signal);
    await serveWithout(story, store, second, log, signal);
    story.tell(`${paint("cyan", "pod 2")} is asked what it finds in the store:`);
    print();
    const isPassed = printVerdict(log, await findAll(second, [...log.keys()]));
    await printMetrics(second);
    return isPassed;
  } finally {
    await Promise.all(pods.map((pod) => pod.stop()));
  }
}

/** Sends traffic to the first pod, kills it, and sends the rest to the second. */
async function serve(
  story: Story,
  first: DemoPod,
  second: DemoPod,
  signal: AbortSignal,
): Promise<Traffic["log"]> {
  const ids = Array.from({ length: SESSIONS }, (_, i) => `user-${String(i + 1).padStart(2, "0")}`);
  const done = new AbortController();
  const phase = { pod: first, beganMs: story.elapsedMs, atStart: 0 };
  const answered = () => traffic.acknowledged - phase.atStart;
  const phaseOver = () =>
    answered() >= REQUESTS_A_POD || story.elapsedMs - phase.beganMs > LONGEST_PHASE_MS;
  const traffic = new Traffic(newLog(ids), () => phase.pod, () => {
    if (!phaseOver()) return;
    if (phase.pod === second) return done.abort();
    if (traffic.inFlight < IN_FLIGHT_AT_DEATH) return;
    first.kill();
    story.progress(first.name, answered(), answered());
    story.tell(`SIGKILL: pod 1 is dead; ${traffic.inFlight} requests were under way.`, "red");
    const counted = number(traffic.acknowledged);
    story.tell(
      `The ${counted} requests that it had counted in its memory are gone with it.`,
      "dim",
    );
    Object.assign(phase, { pod: second, beganMs: story.elapsedMs, atStart: traffic.acknowledged });
    story.tell("Users land on pod 2, which has never seen their sessions.", "yellow");
  });
  story.tell(`Users send requests for ${SESSIONS} sessions to pod 1, which counts them.`);
  const ticker = setInterval(
    () => story.progress(phase.pod.name, answered(), REQUESTS_A_POD),
    PROGRESS_EVERY_MS,
  );
  try {
    await traffic.run(AbortSignal.any([done.signal, signal]));
  } finally {
    clearInterval(ticker);
  }
  signal.throwIfAborted();
  if (phase.atStart === 0 || answered() === 0) throw new Error("A pod answered no request.");
  story.progress(second.name, answered(), answered());
  if (await first.ended() !== "SIGKILL") throw new Error("pod 1 did not die by SIGKILL.");
  return traffic.log;
}

/** Sends traffic to a pod while its store is away, and brings the store back. */
async function serveWithout(
  story: Story,
  store: DemoStore,
  pod: DemoPod,
  log: Traffic["log"],
  signal: AbortSignal,
): Promise<void> {
  if (!store.goAway) return story.tell("The server is yours, so it is left alone.", "dim");
  const done = new AbortController();
  const beganMs = story.elapsedMs;
  const traffic = new Traffic(log, () => pod, () => {
    const isOver = traffic.answered >= REQUESTS_WHILE_AWAY ||
      story.elapsedMs - beganMs > LONGEST_PHASE_MS;
    if (isOver) done.abort();
  });
  const outage = await store.goAway();
  story.tell(`${outage.what}. Users go on.`, "red");
  const ticker = setInterval(
    () => story.progress(pod.name, traffic.answered, REQUESTS_WHILE_AWAY),
    PROGRESS_EVERY_MS,
  );
  try {
    await traffic.run(AbortSignal.any([done.signal, signal]));
  } finally {
    clearInterval(ticker);
    await outage.comeBack();
  }
  signal.throwIfAborted();
  story.progress(pod.name, traffic.answered, traffic.answered);
  if (traffic.failed > 0) throw new Error(`${traffic.failed} requests failed without the store.`);
  story.tell("No request failed: pod 2 answered from its memory, and kept the counts.", "dim");
  story.tell(`${outage.return}; pod 2 brings it up to date by itself.`, "yellow");
}

async function findAll(pod: DemoPod, ids: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const id of ids) {
    const response = await fetch(`${pod.url}/${id}`);
    if (!response.ok) {
      throw new Error(`${pod.name} cannot say what it finds: ${await response.text()}`);
    }
    found.set(id, Number(await response.json()));
  }
  return found;
}
