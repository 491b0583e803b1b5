/**
 * Short spellings of the operations, for the cases.
 *
 * @module
 */

import type { Operation, SessionState } from "../public.ts";
import { randomId } from "./random.ts";

/** A create under a new nonce. */
export function create(
  options: {
    nonce?: string;
    context?: Readonly<Record<string, unknown>>;
    capacity?: number;
    lifetimeMs?: number | undefined;
  } = {},
): Operation & { kind: "create" } {
  return {
    kind: "create",
    nonce: options.nonce ?? randomId("n"),
    context: Object.entries(options.context ?? {}).map(
      ([field, value]) => [field, JSON.stringify(value)] as const,
    ),
    capacity: options.capacity ?? 10,
    lifetimeMs: options.lifetimeMs,
  };
}

export function set(field: string, value: unknown): Operation {
  return { kind: "set", field, json: JSON.stringify(value) };
}

export function remove(field: string): Operation {
  return { kind: "delete", field };
}

export function increment(field: string, by = 1): Operation {
  return { kind: "increment", field, by };
}

export function append(...numbers: number[]): Operation {
  return { kind: "append", vector: vector(...numbers) };
}

export const touch: Operation = { kind: "touch" };
export const destroy: Operation = { kind: "destroy" };

export function freeze(nonce: string, to: string): Operation {
  return { kind: "freeze", nonce, to };
}

export function thaw(nonce: string): Operation {
  return { kind: "thaw", nonce };
}

export function finish(nonce: string): Operation {
  return { kind: "finish", nonce };
}

/** An adopt of a state, as a rotation takes it out of a moving record. */
export function adopt(nonce: string, state: SessionState, yields = false): Operation {
  const { version, createdAtMs, expiresAtMs, absoluteExpiresAtMs } = state;
  const { context, capacity, trajectory } = state;
  return {
    kind: "adopt",
    nonce,
    yields,
    state: {
      version,
      createdAtMs,
      expiresAtMs,
      absoluteExpiresAtMs,
      context,
      capacity,
      trajectory,
    },
  };
}

/** Numbers as little-endian float32. */
export function vector(...numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setFloat32(index * 4, number, true));
  return bytes;
}

/** The first number of each vector. */
export function heads(trajectory: readonly Uint8Array[]): number[] {
  return trajectory.map((bytes) =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat32(0, true)
  );
}
