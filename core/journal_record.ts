/**
 * A session's journaled operations as a record that outlives its process.
 *
 * @module
 */

import type { JournaledSession, Step, Target } from "./journaled_session.ts";
import type { SealedBatch } from "./sealed_batch.ts";
import type { Operation } from "./storage_adapter.ts";

/** Version of the records' form. A reader that meets another one sets the record aside. */
const RECORD_VERSION = 1;

/** Bytes become text as base64, under a name that no other value has. */
interface WrittenBytes {
  readonly bytes: string;
}

/** What is written of a step. */
interface WrittenStep {
  readonly kind: Step["kind"];
  /** Index of its span. */
  readonly span: number;
  readonly operations: readonly Operation[];
  readonly sealed: Omit<SealedBatch, "operations"> | undefined;
  /** Acceptances, on the machine's wall clock: a monotonic one ends with its process. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

/** What is written of a session. */
interface WrittenSession {
  readonly version: number;
  readonly tenant: string;
  readonly hashedId: string;
  readonly spans: readonly Target[];
  readonly steps: readonly WrittenStep[];
}

/** Translates between the pod's clock and the wall's. */
export interface WallClock {
  toWall(at: number): number;
  fromWall(atMs: number): number;
}

/** Writes a session's operations down. */
export function encodeSession({ entry, steps }: JournaledSession, wall: WallClock): string {
  const spans = [...new Set(steps.map(({ span }) => span))];
  const written: WrittenSession = {
    version: RECORD_VERSION,
    tenant: entry.key.tenant,
    hashedId: entry.key.hashedId,
    spans: spans.map(({ target }) => target),
    steps: steps.map((step) => {
      const { operations, ...sealed } = step.sealed ?? { operations: operationsOf(step) };
      return {
        kind: step.kind,
        span: spans.indexOf(step.span),
        operations,
        sealed: step.sealed && sealed as Omit<SealedBatch, "operations">,
        firstMs: wall.toWall(step.firstAt),
        lastMs: wall.toWall(step.lastAt),
        count: step.count,
      };
    }),
  };
  return JSON.stringify(
    written,
    (_name, value) => value instanceof Uint8Array ? { bytes: toBase64(value) } : value,
  );
}

/** What an earlier process wrote of a session. */
export interface RestoredSession {
  readonly tenant: string;
  readonly steps: readonly RestoredStep[];
}

/** A step as it is restored. */
export interface RestoredStep {
  readonly kind: Step["kind"];
  readonly span: { target: Target };
  readonly operations: readonly Operation[];
  readonly sealed: SealedBatch | undefined;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}

/**
 * Reads what `encodeSession` wrote.
 *
 * @throws Error when it is none, or of another version
 */
export function decodeSession(text: string, wall: WallClock): RestoredSession {
  const written = JSON.parse(
    text,
    (_name, value) => isBytes(value) ? fromBase64(value.bytes) : value,
  ) as
    | WrittenSession
    | undefined;
  if (written?.version !== RECORD_VERSION) {
    throw new Error(`a record of version ${String(written?.version)} is not known`);
  }
  const spans = written.spans.map((target) => ({ target }));
  return {
    tenant: written.tenant,
    steps: written.steps.map(({ span, sealed, operations, firstMs, lastMs, ...step }) => ({
      ...step,
      operations,
      span: spans[span]!,
      sealed: sealed && { ...sealed, operations },
      firstAt: wall.fromWall(firstMs),
      lastAt: wall.fromWall(lastMs),
    })),
  };
}

function operationsOf(step: Step): Operation[] {
  return step.kind === "destroy" ? [{ kind: "destroy" }] : step.pending.toOperations();
}

function isBytes(value: unknown): value is WrittenBytes {
  return typeof value === "object" && value !== null && "bytes" in value &&
    typeof value.bytes === "string" && Object.keys(value).length === 1;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
