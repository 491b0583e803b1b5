/**
 * Real servers that go away, and a pod on each client that goes on: what the tests of outages share.
 *
 * @module
 */

import { type Backend, type OpenOptions, SessionManager, type TenantSessions } from "../../mod.ts";
import type { SessionEvents } from "../../core/events.ts";
import {
  type RunningServer,
  startServer,
  type StartServerOptions,
} from "../../scripts/servers/server.ts";
import { serverBinary } from "./servers.ts";

/** The clients of the Redis family. */
export const CLIENTS = ["ioredis", "node-redis", "valkey-glide"] as const;

const KINDS = ["redis", "valkey"] as const;

/** Short, so that a test that waits for it is short too. */
export const COMMAND_TIMEOUT_MS = 400;

/** For tests in which a slow machine is not to look like an outage. */
export const PATIENT = { commandTimeoutMs: 5_000 };

/** With it ids are the same for every pod. */
export const SECRET = "of the outage tests";

const WAIT_MS = 15_000;

/** A pod of its own tenant, so that several can share a server. */
export class OutagePod implements AsyncDisposable {
  readonly manager: SessionManager;
  readonly sessions: TenantSessions;
  readonly #told: { name: keyof SessionEvents; payload: unknown }[] = [];

  private constructor(manager: SessionManager, tenant: string) {
    this.manager = manager;
    this.sessions = manager.tenant(tenant);
    for (const name of EVENTS) {
      manager.on(name, (payload) => this.#told.push({ name, payload }));
    }
  }

  /** Opens a pod; its tenant has the client's name unless another one is given. */
  static async open(
    backend: Backend,
    options: Omit<OpenOptions, "backend">,
    tenant: string = backend,
  ): Promise<OutagePod> {
    const manager = await SessionManager.open({
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      idSecret: SECRET,
      ...options,
      backend,
    });
    return new OutagePod(manager, tenant);
  }

  get backend(): string {
    return this.sessions.name;
  }

  /** The payloads of an event, in the order in which they were told. */
  told<Name extends keyof SessionEvents>(name: Name): SessionEvents[Name][] {
    return this.#told.flatMap((event) =>
      event.name === name ? [event.payload as SessionEvents[Name]] : []
    );
  }

  /** Resolves when the pod takes the store for away; a call may be what finds it out. */
  async isDown(): Promise<void> {
    await until(`${this.backend} notices the outage`, () => this.manager.status().store === "down");
  }

  /** Resolves when the store is back and has everything. */
  async isUp(): Promise<void> {
    await until(`${this.backend} has recovered`, () => {
      const { store, journaled } = this.manager.status();
      return store === "up" && journaled === 0;
    });
  }

  /** What is left is the test's to look for, by `flush`; a failed one is not to fail twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.close({ timeoutMs: 0 }).catch(() => {});
  }
}

/** One pod for each client on the same store. */
export class OutagePods implements AsyncDisposable {
  readonly all: readonly OutagePod[];

  private constructor(pods: readonly OutagePod[]) {
    this.all = pods;
  }

  static async open(options: Omit<OpenOptions, "backend">): Promise<OutagePods> {
    const pods = await Promise.all(CLIENTS.map((client) => OutagePod.open(client, options)));
    return new OutagePods(pods);
  }

  /** Does the same on every pod, at the same time. */
  async each(act: (pod: OutagePod) => Promise<unknown> | unknown): Promise<void> {
    const ends = await Promise.allSettled(this.all.map(async (pod) => await act(pod)));
    ends.forEach((end, index) => {
      if (end.status === "rejected") {
        throw new Error(`with ${this.all[index]!.backend}: ${end.reason?.message}`, {
          cause: end.reason,
        });
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((pod) => pod[Symbol.asyncDispose]()));
  }
}

/** Registers a test on a server of each kind. */
export function onEachServer(
  name: string,
  run: (server: RunningServer) => Promise<void>,
  options: StartServerOptions = {},
): void {
  for (const kind of KINDS) {
    outageTest(`${kind}: ${name}`, async () => {
      await using server = await startServer(await serverBinary(kind), options);
      await run(server);
    });
  }
}

/** Registers a test. */
export function outageTest(name: string, fn: () => Promise<void>): void {
  // The clients let pauses before reconnections run out after they were closed, and GLIDE leaves a file
  // descriptor behind.
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** What the store has, as a pod sees it that was not there during the outage. */
export async function stored(
  url: string,
  tenant: string,
  ids: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  await using reader = await OutagePod.open("ioredis", { url, commandTimeoutMs: 10_000 }, tenant);
  const found = await reader.sessions.recover(ids);
  return new Map([...found].map(([id, session]) => [id, session.context]));
}

/** Of several sessions, what a counter adds up to in the store. */
export async function storedSum(
  url: string,
  tenant: string,
  ids: readonly string[],
  field: string,
): Promise<number> {
  const contexts = await stored(url, tenant, ids);
  return contexts.values().reduce((sum, context) => sum + Number(context[field] ?? 0), 0);
}

/** Waits until `condition` holds; throws with its description when it does not in time. */
export async function until(
  description: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS;
  while (!await condition()) {
    if (performance.now() > deadlineMs) throw new Error(`did not come true: ${description}`);
    await pause(5);
  }
}

/** Lets time pass. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** `prefix-0`, `prefix-1`, and so on. */
export function idsOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

const EVENTS = Object.keys(
  {
    recovered: 1,
    vanished: 1,
    degraded: 1,
    recovering: 1,
    reconciled: 1,
    rejected: 1,
    stalled: 1,
    journalDamaged: 1,
    memoryLost: 1,
    healed: 1,
    lost: 1,
    corrupt: 1,
    behind: 1,
    inboxLost: 1,
    recoveryFailed: 1,
    auditFailed: 1,
    warning: 1,
  } satisfies Record<keyof SessionEvents, 1>,
) as (keyof SessionEvents)[];
