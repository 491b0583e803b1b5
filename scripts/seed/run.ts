/**
 * Runs the story: a pod writes, is killed with SIGKILL, and this process finds what it wrote.
 *
 * @module
 */

import { type OpenOptions, SessionManager } from "../../mod.ts";
import { linesOf } from "../lines.ts";
import { type Finding, recoverStory } from "./story.ts";

/** What to run, and where. */
export interface StoryPlan {
  readonly keyPrefix: string;
  readonly sessions: number;
  /** Variables that say where the store is, for the pod that writes. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same for this process. @default the environment */
  readonly store?: Pick<OpenOptions, "backend" | "url">;
  /** What to look for afterwards. @default the three tests of pod death */
  readonly recover?: (manager: SessionManager, sessions: number) => Promise<readonly Finding[]>;
  /** Hears of each pod that opens, by its id. */
  readonly onPod?: (podId: string) => void;
  readonly signal?: AbortSignal;
}

/** What became of a story. */
export interface StoryReport {
  readonly writtenMs: number;
  readonly findings: readonly Finding[];
}

/** The pod that writes could not; the message is its own. */
export class PodFailure extends Error {
  override readonly name = "PodFailure";
}

/** Both pods' options: everything expires by itself soon, and ids are hidden by a secret of this story. */
export function storyOptions(keyPrefix: string): OpenOptions {
  return {
    keyPrefix,
    idSecret: keyPrefix,
    ttlMs: 600_000,
    commandTimeoutMs: 10_000,
    failMode: "closed",
  } as const;
}

/** Runs the story; rejects when the store cannot be used. */
export async function runStory(plan: StoryPlan): Promise<StoryReport> {
  const { keyPrefix, sessions, store, onPod, signal, recover = recoverStory } = plan;
  const startedMs = performance.now();
  await writeAndDie(plan);
  const writtenMs = performance.now() - startedMs;
  signal?.throwIfAborted();
  await using manager = await SessionManager.open({ ...storyOptions(keyPrefix), ...store });
  onPod?.(manager.podId);
  return { writtenMs, findings: await recover(manager, sessions) };
}

/** Starts the pod that writes; kills it as soon as everything is acknowledged. */
async function writeAndDie(plan: StoryPlan): Promise<void> {
  const { keyPrefix, sessions, environment, onPod, signal } = plan;
  const pod = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--no-check", new URL("./pod.ts", import.meta.url).href],
      ...[keyPrefix, String(sessions)],
    ],
    env: { ...environment },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const kill = () => {
    try {
      pod.kill("SIGKILL");
    } catch {
      // It ended by itself; its status tells.
    }
  };
  signal?.addEventListener("abort", kill);
  const complaints = new Response(pod.stderr).text();
  try {
    let written = false;
    for await (const line of linesOf(pod.stdout)) {
      if (line.startsWith("open ")) onPod?.(line.slice("open ".length));
      if (line !== "written") continue;
      written = true;
      kill();
    }
    signal?.throwIfAborted();
    const { signal: cause } = await pod.status;
    if (!written) throw new PodFailure((await complaints).trim());
    if (cause !== "SIGKILL") {
      throw new Error(`The pod was to die by SIGKILL; it ended by ${cause}.`);
    }
  } finally {
    signal?.removeEventListener("abort", kill);
    await pod.stdin.close().catch(() => {});
    await complaints;
    await pod.status;
  }
}
