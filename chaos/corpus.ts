/**
 * The regression corpus: cases that once showed a bug, run before all others.
 *
 * @module
 */

import type { ChaosCase } from "./case.ts";
import { CaseError, caseOf, parse, writeCase } from "./case_file.ts";

/** A case that showed a bug. */
export interface CorpusEntry {
  /** Its file. */
  readonly name: string;
  /** What happens in it. */
  readonly description: string;
  /** The bug that it found. */
  readonly bug: string;
  /** The case itself. */
  readonly case: ChaosCase;
}

/**
 * Reads an entry.
 *
 * @throws CaseError when the text is none; the message names the file and the place in it.
 */
export function readCorpusEntry(name: string, text: string): CorpusEntry {
  try {
    const value = parse(text);
    const { description, bug, case: chaosCase, ...rest } = (value ?? {}) as Record<string, unknown>;
    const [strange] = Object.keys(rest);
    if (strange !== undefined) throw new CaseError(`An entry has no field "${strange}".`);
    return {
      name,
      description: sentence("description", description),
      bug: sentence("bug", bug),
      case: caseOf(chaosCase),
    };
  } catch (cause) {
    if (!(cause instanceof CaseError)) throw cause;
    throw new CaseError(`${name}: ${cause.message}`, { cause });
  }
}

/** An entry as text. */
export function writeCorpusEntry(entry: Omit<CorpusEntry, "name">): string {
  const { description, bug } = entry;
  const value = { description, bug, case: JSON.parse(writeCase(entry.case)) };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** A case's text, or that of a corpus's entry, which has its case in it. */
export function readCaseOrEntry(name: string, text: string): ChaosCase {
  const value = parse(text);
  const isEntry = typeof value === "object" && value !== null && "case" in value;
  return isEntry ? readCorpusEntry(name, text).case : caseOf(value);
}

function sentence(field: string, value: unknown): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new CaseError(`An entry's "${field}" is a sentence; this one has none.`);
}
