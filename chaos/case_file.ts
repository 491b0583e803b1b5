/**
 * Cases as text: one format for simulated and real runs, for the regression corpus and for reports.
 *
 * @module
 */

import { closest } from "fastest-levenshtein";
import type { CaseFault, CaseOp, CaseSettings, ChaosCase, Pace } from "./case.ts";
import { FAULT_KINDS } from "./fault_kinds.ts";
import type { CallKind } from "./history.ts";

/** The format that is written and read. */
const VERSION = 1;
/** Calls, or faults, of one case. */
const MOST_ENTRIES = 100_000;
/** Longest span, in milliseconds: timers take no more. */
const MOST_MS = 0x7fff_ffff;

/** A case's text that cannot be used; the message says where and why. */
export class CaseError extends Error {
  /** The class's name. */
  override readonly name = "CaseError";
}

/** A case as text. */
export function writeCase(chaosCase: ChaosCase): string {
  return `${JSON.stringify({ version: VERSION, ...chaosCase }, undefined, 2)}\n`;
}

/**
 * Reads what {@linkcode writeCase} wrote.
 *
 * @throws CaseError when it is no case; the message names the place.
 *
 * @example
 * ```ts
 * import { readCase } from "@hakgal/sessions/chaos";
 *
 * try {
 *   readCase(`{ "version": 1, "pods": 0 }`);
 * } catch (error) {
 *   console.assert(error instanceof Error && error.message.startsWith("The case"));
 * }
 * ```
 */
export function readCase(text: string): ChaosCase {
  return caseOf(parse(text));
}

/** The value of a text of JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CaseError("The case is no JSON. Give a file that chaos wrote.", { cause });
  }
}

/** As {@linkcode readCase}, of what was parsed already. */
export function caseOf(value: unknown): ChaosCase {
  const place = new Place(value, "The case");
  if (place.value("version") !== VERSION) {
    throw place.wrong("version", `${VERSION}, the only format there is`);
  }
  const healAt = place.optional("healAt", () => place.whole("healAt", 1, MOST_ENTRIES));
  place.only(["version", ...Object.keys(EXAMPLE)]);
  return {
    seed: place.whole("seed", 0, 0x7fff_ffff),
    pods: place.whole("pods", 1, 16),
    sessions: place.whole("sessions", 1, 4),
    ops: place.list("ops").map(opOf),
    faults: place.list("faults").map(faultOf),
    settings: settingsOf(place.record("settings")),
    ...(healAt === undefined ? {} : { healAt }),
  };
}

function opOf(place: Place): CaseOp {
  place.only(["pod", "session", "kind", "fresh", "variant", "pace", "gapMs", "oversize"]);
  const oversize = place.optional("oversize", (name) => place.flag(name));
  return {
    pod: place.whole("pod", 0, 1_000),
    session: place.whole("session", 0, 1_000),
    kind: place.oneOf("kind", CALLS),
    fresh: place.flag("fresh"),
    variant: place.whole("variant", 0, 1_000),
    pace: place.oneOf("pace", PACES),
    gapMs: place.whole("gapMs", 0, MOST_MS),
    ...(oversize === undefined ? {} : { oversize }),
  };
}

function faultOf(place: Place): CaseFault {
  place.only(["kind", "pod", "at", "phase", "length", "span"]);
  return {
    kind: place.oneOf("kind", FAULT_KINDS.map(({ kind }) => kind)),
    pod: place.whole("pod", 0, 1_000),
    at: place.whole("at", 1, MOST_ENTRIES),
    phase: place.oneOf("phase", PHASES),
    length: place.whole("length", 1, 1_000),
    span: place.number("span", 0, 1),
  };
}

function settingsOf(place: Place): CaseSettings {
  const maxLifetimeMs = place.optional("maxLifetimeMs", (name) => place.whole(name, 1, MOST_MS));
  const journalSessions = place.optional("journalSessions", (name) => place.whole(name, 1, 1e6));
  place.only([
    ...["ttlMs", "maxLifetimeMs", "commandTimeoutMs", "maxStalenessMs", "graceMs"],
    ...["failMode", "durable", "journalSessions"],
  ]);
  return {
    ttlMs: place.whole("ttlMs", 1, MOST_MS),
    ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
    commandTimeoutMs: place.whole("commandTimeoutMs", 1, MOST_MS),
    maxStalenessMs: place.whole("maxStalenessMs", 0, MOST_MS),
    graceMs: place.whole("graceMs", 0, MOST_MS),
    failMode: place.oneOf("failMode", ["open", "closed"]),
    durable: place.flag("durable"),
    ...(journalSessions === undefined ? {} : { journalSessions }),
  };
}

/** The names in order; a name that is missing or too much does not compile. */
function namesOf<Name extends string>(known: Readonly<Record<Name, true>>): readonly Name[] {
  return Object.keys(known) as Name[];
}

const CALLS = namesOf<CallKind>({
  getOrCreate: true,
  get: true,
  increment: true,
  updateContext: true,
  update: true,
  appendTrajectory: true,
  apply: true,
  touch: true,
  destroy: true,
  rotate: true,
});
const PACES = namesOf<Pace>({ burst: true, answer: true, gap: true });
const PHASES = namesOf<CaseFault["phase"]>(
  {
    ...{ p0: true, p1: true, p2: true },
    ...{ p3: true, p4: true, p5: true, p6: true },
  } as const,
);
const EXAMPLE: Readonly<Record<keyof ChaosCase, true>> = {
  seed: true,
  pods: true,
  sessions: true,
  ops: true,
  faults: true,
  settings: true,
  healAt: true,
};

/** A record somewhere in a text, and how to name it. */
class Place {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #name: string;

  constructor(value: unknown, name: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new CaseError(`${name} is not a record: ${shown(value)}.`);
    }
    this.#fields = value as Record<string, unknown>;
    this.#name = name;
  }

  value(field: string): unknown {
    return this.#fields[field];
  }

  wrong(field: string, wanted: string): CaseError {
    const is = field in this.#fields ? `is ${shown(this.#fields[field])}` : "is missing";
    return new CaseError(`${this.#name}: "${field}" ${is}; it has to be ${wanted}.`);
  }

  /** Refuses every other field. */
  only(known: readonly string[]): void {
    const strange = Object.keys(this.#fields).find((field) => !known.includes(field));
    if (strange === undefined) return;
    throw new CaseError(
      `${this.#name} has no field "${strange}". Did you mean "${closest(strange, [...known])}"?`,
    );
  }

  optional<Value>(field: string, read: (field: string) => Value): Value | undefined {
    return this.#fields[field] === undefined ? undefined : read(field);
  }

  number(field: string, least: number, most: number): number {
    const value = this.#fields[field];
    if (typeof value === "number" && value >= least && value <= most) return value;
    throw this.wrong(field, `a number from ${least} to ${most}`);
  }

  whole(field: string, least: number, most: number): number {
    const value = this.#fields[field];
    if (Number.isInteger(value)) return this.number(field, least, most);
    throw this.wrong(field, `a whole number from ${least} to ${most}`);
  }

  flag(field: string): boolean {
    const value = this.#fields[field];
    if (typeof value === "boolean") return value;
    throw this.wrong(field, "true or false");
  }

  oneOf<Name extends string>(field: string, known: readonly Name[]): Name {
    const value = this.#fields[field];
    const found = known.find((name) => name === value);
    if (found !== undefined) return found;
    if (typeof value !== "string") throw this.wrong(field, `one of ${known.join(", ")}`);
    throw new CaseError(
      `${this.#name}: "${field}" knows no ${shown(value)}. Did you mean ` +
        `"${closest(value, [...known])}"?`,
    );
  }

  record(field: string): Place {
    return new Place(this.#fields[field], `${this.#name}: "${field}"`);
  }

  list(field: string): Place[] {
    const value = this.#fields[field];
    if (!Array.isArray(value)) throw this.wrong(field, "a list");
    if (value.length > MOST_ENTRIES) throw this.wrong(field, `at most ${MOST_ENTRIES} long`);
    return value.map((entry, index) => new Place(entry, `${this.#name}: ${field}[${index}]`));
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
