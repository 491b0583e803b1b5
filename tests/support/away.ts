/**
 * A store that is away from pods on the virtual clock, and journals that outlive a pod in memory.
 *
 * @module
 */

import { KeySpace } from "../../core/key_space.ts";
import type {
  JournalContents,
  JournalStore,
  SessionEvents,
  TenantSessions,
  UnkeptWrite,
} from "../../mod.ts";
import type { TestPod, World } from "./world.ts";

/** The key of a session of the tenant `acme`. */
export function storeKey(id: string): string {
  return new KeySpace("hakgal", undefined).session("acme", id).storeKey;
}

/** The store refuses these pods until the answer is called; when this resolves they have noticed. */
export async function takeAway(world: World, ...pods: TestPod[]): Promise<() => void> {
  // Whoever was never connected has no heartbeat to notice by.
  await Promise.all(pods.map(({ manager }) => manager.connect()));
  const ends = pods.map(({ link }) => link.refuse());
  const isNoticed = () => pods.every(({ manager }) => manager.status().store === "down");
  if (!await world.clock.advanceUntil(isNoticed, 10_000)) throw new Error("Nobody noticed.");
  return () => ends.forEach((end) => end());
}

/** Waits until nothing of a pod is journaled any more, and the store is up to it again. */
export async function reconciled(world: World, ...pods: TestPod[]): Promise<void> {
  const isDone = () =>
    pods.every(({ manager }) => {
      const { store, journaled } = manager.status();
      return store === "up" && journaled === 0;
    });
  if (!await world.clock.advanceUntil(isDone, 60_000)) throw new Error("It does not drain.");
}

/** What a pod tells by an event, from now on. */
export function heard<Name extends keyof SessionEvents>(
  { manager }: TestPod,
  name: Name,
): SessionEvents[Name][] {
  const payloads: SessionEvents[Name][] = [];
  manager.on(name, (payload) => payloads.push(payload));
  return payloads;
}

/** What a pod cannot keep, as reason and number of operations, from now on. */
export function rejections(pod: TestPod): (readonly [UnkeptWrite["reason"], number])[] {
  const told: (readonly [UnkeptWrite["reason"], number])[] = [];
  pod.manager.on("rejected", ({ reason, operations }) => told.push([reason, operations]));
  return told;
}

/** The context in the store now, as a pod sees it that held nothing before. */
export async function stored(
  world: World,
  id: string,
): Promise<Awaited<ReturnType<TenantSessions["get"]>>> {
  await using reader = world.pod();
  return await reader.acme.get(id);
}

/** A place for a journal that outlives the pod that writes it. Who opens it takes it over. */
export class MemoryPlace implements JournalStore {
  readonly records = new Map<string, string>();
  /** Records that were moved out of the way. */
  readonly asideRecords: string[] = [];

  open(): Promise<JournalContents> {
    return Promise.resolve({ records: new Map(this.records), damage: undefined });
  }

  write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    for (const [key, record] of changes) {
      if (record === undefined) this.records.delete(key);
      else this.records.set(key, record);
    }
    return Promise.resolve();
  }

  setAside(_key: string, record: string): Promise<string> {
    this.asideRecords.push(record);
    return Promise.resolve(`aside-${this.asideRecords.length}`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
