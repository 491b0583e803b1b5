/**
 * What may happen next in a small world. The first choice is what happens where nothing is in the way.
 *
 * @module
 */

import type { WorldFaults } from "./world.ts";
import type { Command } from "./wire.ts";
import type { WorldRun } from "./world_run.ts";

/** Something that may happen. */
export interface Choice {
  /** For people. */
  readonly text: () => string;
  readonly happen: () => void | Promise<void>;
}

/** How long a cache may hold what was expired, and more. */
const EXPIRY_MARGIN_MS = 1;

/** All that may happen. */
export function choicesOf(run: WorldRun): Choice[] {
  if (run.isEnded) return [];
  const choices: Choice[] = [];
  for (const command of run.wire.commands) choices.push(...advances(run, command));
  for (const client of run.clients) {
    const call = client.calls[client.next];
    if (!call || client.isWaiting) continue;
    choices.push({
      text: () => `p${client.pod + 1} calls #${call.op} ${call.kind} ${call.session.id}`,
      happen() {
        client.next++;
        client.isWaiting = true;
        run.invoke(client.pod, call);
      },
    });
  }
  choices.push(...wakes(run));
  if (choices.length === 0) {
    const isWaiting = run.clients.some((client) => client.isWaiting);
    choices.push(isWaiting ? timePasses(run, () => run.clock.nextAtMs) : theEnd(run));
  }
  for (const command of run.wire.commands) {
    if (command.stage === "orphan") {
      choices.push({
        text: () => `late: ${textOf(command)}`,
        happen: () => executeLate(run, command),
      });
    }
  }
  choices.push(...faults(run));
  return choices;
}

function* advances(run: WorldRun, command: Command): Iterable<Choice> {
  const { wire } = run;
  if (command.stage === "sent" && !(wire.isDown && command.kind !== "write")) {
    yield {
      text: () => `${command.kind === "write" ? "writes" : "executes"} ${textOf(command)}`,
      async happen() {
        await command.execute();
        // Between a write to the disk and its pod's next step nothing can come that the pod's death then would not show.
        if (command.kind === "write") deliver(run, command);
        else command.stage = "executed";
      },
    };
  } else if (command.stage === "executed") {
    yield { text: () => `answers ${textOf(command)}`, happen: () => deliver(run, command) };
  }
}

function deliver({ wire }: WorldRun, command: Command): void {
  wire.remove(command);
  command.deliver();
}

async function executeLate({ wire }: WorldRun, command: Command): Promise<void> {
  wire.remove(command);
  await command.execute();
}

/** Pods that pause go on; those that look for a store that is back find it. */
function* wakes(run: WorldRun): Iterable<Choice> {
  const { clock, wire, pods } = run;
  // While there is no store the pods have nothing in common: their pauses pass by the clock.
  if (wire.isDown) {
    if (clock.pauseEndsAtMs < Infinity) yield timePasses(run, () => clock.pauseEndsAtMs);
    return;
  }
  for (const [index, { life, seen }] of pods.entries()) {
    if (!life) continue;
    const isIdle = !wire.commands.some(({ pod, stage }) => pod === index && stage !== "orphan");
    // Heartbeats without end are no schedules: they come where nothing else leads on.
    const looks = life.isAway || isIdle && life.journaled > 0;
    const kind = clock.waits(index, "pause") ? "pause" : looks ? "beat" : undefined;
    if (kind === undefined || !clock.waits(index, kind)) continue;
    yield {
      text: () => `${life.name} ${kind === "pause" ? "tries again" : "looks for its store"}`,
      happen() {
        clock.wake(index, kind);
        seen.add(WAKE).addTime(clock.now());
      },
    };
  }
}

function timePasses({ clock, pods }: WorldRun, untilMs: () => number): Choice {
  return {
    text: () => "time passes",
    happen() {
      clock.step(untilMs());
      for (const { seen } of pods) seen.add(WAKE).addTime(clock.now());
    },
  };
}

function theEnd(run: WorldRun): Choice {
  return { text: () => "the end", happen: () => void (run.isEnded = true) };
}

function* faults(run: WorldRun): Iterable<Choice> {
  const { wire, pods, world } = run;
  const may = (kind: keyof WorldFaults) => run.used[kind] < (world.faults[kind] ?? 0);
  if (wire.isDown) {
    yield { text: () => "the store is back", happen: () => comeBack(run) };
  }
  if (may("cuts")) { for (const command of wire.commands) yield* cuts(run, command); }
  for (const [index, { life }] of pods.entries()) {
    if (!life) continue;
    for (const kind of ["kills", "damages"] as const) {
      if (!may(kind)) continue;
      yield {
        text: () => `${life.name} dies${kind === "damages" ? ", and its journal is damaged" : ""}`,
        happen() {
          run.used[kind]++;
          run.strike("pod-kill", life.name);
          run.kill(index);
          if (kind === "damages") pods[index]!.damage();
        },
      };
    }
  }
  if (may("outages") && !wire.isDown) {
    yield { text: () => "the store is killed", happen: () => goDown(run) };
  }
  if (may("losses") && !wire.isDown) {
    yield {
      text: () => "the store is killed, and lost its memory",
      happen() {
        run.used.losses++;
        run.strike(
          world.snapshot === "after-before" ? "store-rollback" : "store-empty",
          "store",
          0,
        );
        dropAll(run);
        run.lose();
      },
    };
  }
  for (const [kind, share] of [["expiries", 1], ["halves", 0.5]] as const) {
    if (!may(kind)) continue;
    yield {
      text: () => `${kind === "halves" ? "half of " : ""}the time to live passes`,
      async happen() {
        run.used[kind]++;
        run.strike("ttl-expiry", "store");
        await run.pass(run.settings.ttlMs * share + EXPIRY_MARGIN_MS);
        for (const { seen } of pods) seen.add(WAKE).addTime(run.clock.now());
      },
    };
  }
}

function* cuts(run: WorldRun, command: Command): Iterable<Choice> {
  if (command.stage === "orphan" || command.kind === "write") return;
  const isExecuted = command.stage === "executed";
  yield {
    text: () => `the connection is cut ${isExecuted ? "after" : "before"} ${textOf(command)}`,
    happen() {
      run.used.cuts++;
      run.strike(isExecuted ? "reply-cut" : "late-execution", run.pods[command.pod]!.life!.name);
      cut(run, command);
    },
  };
}

function cut({ wire }: WorldRun, command: Command): void {
  if (command.stage === "executed") wire.remove(command);
  else command.stage = "orphan";
  command.cut();
}

/** What a server had been sent is lost with it. */
function dropAll({ wire }: WorldRun): void {
  for (const command of [...wire.commands]) {
    if (command.kind === "write") continue;
    wire.remove(command);
    if (command.stage !== "orphan") command.cut();
  }
}

function goDown(run: WorldRun): void {
  run.used.outages++;
  run.strike("store-outage", "store", Infinity);
  run.wire.isDown = true;
  dropAll(run);
}

/** A store that was down is there again. */
export function comeBack(run: WorldRun): void {
  run.wire.isDown = false;
  run.recorder.ended("store-outage");
}

function textOf({ kind, pod, stage, key }: Command): string {
  return `${stage === "orphan" ? "a " : ""}${kind} of p${pod + 1} (${key.slice(-6)})`;
}

/** In the log of what a pod has seen. */
const WAKE = -4;
