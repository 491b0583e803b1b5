/**
 * A pod as a process: makes the calls that it is told to, and answers. It ends when its standard input does.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { SessionManager, type StorageAdapter } from "../../mod.ts";
import type { CaseFault, CaseSettings } from "../case.ts";
import { toCommandFault } from "../command_faults.ts";
import { areFailpointsArmed, failpointOf, onFailpoint } from "../failpoints.ts";
import { faultSpans } from "../fault_plan.ts";
import { type CommandFault, FaultyAdapter } from "../faulty_adapter.ts";
import { isAway, makeCall } from "../pod_calls.ts";
import { close, flush, listen } from "../pod_events.ts";
import type { PodFlush } from "../pod_events.ts";
import type { Trouble } from "../store_power.ts";
import { LagMeter } from "./lag_meter.ts";
import { loadAdapter, makesFaultsItself } from "./pod_adapter.ts";
import { PageBound } from "./page_bound.ts";
import type { FromPod, ToPod } from "./pod_messages.ts";
import { skewWallClock } from "./wall_clock.ts";

const encoder = new TextEncoder();
const STDOUT = 1;

function say(message: FromPod): void {
  // Synchronously: what was said before a SIGKILL must have left the process.
  let rest = encoder.encode(`${JSON.stringify(message)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSome(rest));
}

function writeSome(bytes: Uint8Array): number {
  try {
    return writeSync(STDOUT, bytes);
  } catch (error) {
    // A pipe that is full for now.
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return 0;
    throw error;
  }
}

class PodMain {
  #manager: SessionManager | undefined;
  #faults: readonly CaseFault[] = [];
  #commits = 0;
  #trouble: Trouble | undefined;
  /** Where inside of core it is to die. */
  #doom: CaseFault | undefined;
  #isDiskFull = false;
  #disk: PageBound | undefined;
  /** Under way. */
  #calls = 0;
  readonly #lag = new LagMeter();

  hear(message: ToPod): void {
    if (message.type === "prepare") {
      loadAdapter(message.adapter).then(
        () => say({ type: "ready" }),
        (error) => say({ type: "failed", message: String(error) }),
      );
    } else if (message.type === "open") {
      this.#open(message).then(
        (server) => say({ type: "open", server }),
        (error) => say({ type: "failed", message: String(error) }),
      );
    } else if (message.type === "faults") {
      this.#faults = message.faults;
      this.#commits = message.commits;
    } else if (message.type === "trouble") {
      this.#trouble = message.trouble ?? undefined;
    } else if (message.type === "disk") {
      this.#isDiskFull = message.isFull;
      this.#disk?.set(message.isFull);
    } else if (message.type === "doom") {
      this.#doom = message.fault ?? undefined;
      say({ type: "doomed" });
    } else if (message.type === "terminate") {
      process.kill(process.pid, "SIGTERM");
    } else if (message.type === "flush") {
      this.#flush(message).then((flush) => say({ type: "flushed", flush }));
    } else {
      const { call } = message;
      const { op } = call;
      const wasAway = isAway(this.#manager!);
      this.#calls++;
      this.#lag.start();
      makeCall(this.#manager!, call).then((result) => {
        if (--this.#calls === 0) this.#lag.stop();
        say({ type: "result", op, result, wasAway, lagMs: this.#lag.take() });
      });
    }
  }

  async #flush({ settleMs, timeoutMs }: ToPod & { type: "flush" }): Promise<PodFlush> {
    const manager = this.#manager!;
    const endsAt = performance.now() + settleMs;
    while (performance.now() < endsAt && (isAway(manager) || manager.status().journaled > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return await flush(manager, timeoutMs);
  }

  /** Ends gracefully. */
  async end(): Promise<void> {
    if (this.#manager) {
      const timeoutMs = GRACE_MS;
      say({ type: "flushed", flush: await close(this.#manager, timeoutMs) });
    }
    process.exit(0);
  }

  async #open(message: ToPod & { type: "open" }): Promise<string | undefined> {
    const { ttlMs, commandTimeoutMs, maxStalenessMs, graceMs, failMode } = message.settings;
    // The one before it was opened for other settings.
    await this.#manager?.close();
    const { adapter: choice, address } = message;
    if (choice.kind === "built-in" && choice.backend === "sqlite" && address.url !== undefined) {
      this.#disk ??= await PageBound.on(address.url);
      this.#disk.set(this.#isDiskFull);
    }
    if (message.clockSkewMs !== 0) skewWallClock(message.clockSkewMs);
    const adapter = await this.#adapter(message);
    const journal = message.settings.durable ? { path: message.journal } : {};
    const settings = { ttlMs, commandTimeoutMs, maxStalenessMs, graceMs, failMode, journal };
    this.#manager = new SessionManager({ adapter, ...settings });
    onFailpoint(this.#manager.podId, (place) => this.#reach(place));
    listen(this.#manager, (told) => say({ type: "told", told }));
    for (let attempt = 1;; attempt++) {
      try {
        return (await this.#manager.connect())?.server;
      } catch (error) {
        // A store that is just coming back is waited for.
        if (attempt === CONNECT_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
      }
    }
  }

  async #adapter(
    { adapter, address, settings }: ToPod & { type: "open" },
  ): Promise<StorageAdapter> {
    const bare = await (await loadAdapter(adapter))(address);
    if (!makesFaultsItself(adapter)) return bare;
    return new FaultyAdapter(bare, {
      faultFor: ({ kind }) => kind === "commit" ? this.#atCommit(settings) : undefined,
      trouble: () => this.#trouble,
    });
  }

  #reach(place: string): void {
    if (!this.#doom || failpointOf(this.#doom.phase) !== place) return;
    say({ type: "reached", fault: this.#doom });
    die();
  }

  #atCommit(settings: CaseSettings): CommandFault | undefined {
    const commit = ++this.#commits;
    say({ type: "commit" });
    const fault = this.#faults.find(({ at, length, kind }) =>
      commit >= at && commit < at + (kind === "pod-kill" ? 1 : length)
    );
    if (fault === undefined) return undefined;
    if (fault.kind === "pod-kill" && failpointOf(fault.phase) && areFailpointsArmed()) {
      this.#doom = fault;
      return undefined;
    }
    say({ type: "fault", fault });
    return toCommandFault(fault, faultSpans(settings), dieAt);
  }
}

/** Nobody carries out what a dead process had not executed: here p1 is p0. */
function dieAt({ phase }: CaseFault): CommandFault {
  return { kind: "pod-kill", phase: phase === "p0" || phase === "p1" ? "p0" : "p2", kill: die };
}

/** Nothing happens after this statement. */
function die(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;);
}

/** How long writes may take to reach the store at the end. */
const GRACE_MS = 2_000;
const CONNECT_ATTEMPTS = 40;
const CONNECT_PAUSE_MS = 100;

const pod = new PodMain();
// The runner decides when it ends: an interruption from the terminal reaches all processes at once.
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
process.on("SIGTERM", () => void pod.end());
createInterface({ input: process.stdin })
  .on("line", (line) => pod.hear(JSON.parse(line)))
  .on("close", () => process.exit(0));
