/**
 * The histories that a file has.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import type { History } from "../../chaos/history.ts";
import { readHistoryFile } from "../../chaos/history_file.ts";
import {
  type HistoryCut,
  HistoryFormatError,
  isEvent,
  isSettings,
} from "../../chaos/history_reader.ts";
import type { ReportedViolation } from "../../chaos/report.ts";
import { UsageError } from "../usage_error.ts";

/** A history that a file has. */
export interface RecordedHistory {
  /** What the terminal calls it. */
  readonly name: string;
  readonly history: History;
  readonly cut?: HistoryCut;
}

/** A report is read at once: histories that are larger stand in files of their own. */
const MOST_REPORT_BYTES = 256 * 1_048_576;

/** The histories of a file: of one that has a history alone, or of a report's violations. */
export async function readRecorded(path: string): Promise<readonly RecordedHistory[]> {
  try {
    return [{ name: path, ...await readHistoryFile(path) }];
  } catch (error) {
    if (!(error instanceof HistoryFormatError)) throw unreadable(path, error);
  }
  const report = await readReport(path);
  const { violations, undecidedHistories } = report;
  const recorded = [...violations, ...undecidedHistories].flatMap((entry, index) => {
    const { settings, history } = entry;
    if (!isSettings(settings) || !history?.every(isEvent)) return [];
    return [{ name: `${path} #${index + 1}`, history: { settings, events: history } }];
  });
  if (recorded.length > 0) return recorded;
  throw new UsageError(
    violations.length === 0
      ? `${path} reports no violation, so it has no history to check. ` +
        `Give a history, or the chaos.json of a run that failed.`
      : `${path} has its histories without their settings: it was written before they were ` +
        `recorded. Repeat the run with the command that it names under "replay".`,
  );
}

interface RecordedReport {
  readonly violations: readonly Partial<ReportedViolation>[];
  readonly undecidedHistories: readonly Partial<ReportedViolation>[];
}

async function readReport(path: string): Promise<RecordedReport> {
  const { size } = await stat(path);
  const parsed = size > MOST_REPORT_BYTES ? undefined : parse(await readFile(path, "utf8"));
  const backends = (parsed as { backends?: unknown } | undefined)?.backends;
  if (!Array.isArray(backends)) {
    throw new UsageError(
      `${path} is no history: give a file of JSON lines that chaos wrote, or a chaos.json.`,
    );
  }
  const all = backends as readonly Partial<RecordedReport>[];
  return {
    violations: all.flatMap(({ violations }) => violations ?? []),
    undecidedHistories: all.flatMap(({ undecidedHistories }) => undecidedHistories ?? []),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON is no report: the caller says so.
    return undefined;
  }
}

function unreadable(path: string, cause: unknown): UsageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const isMissing = (cause as { code?: string }).code === "ENOENT";
  return new UsageError(
    isMissing
      ? `There is no file ${path}. Give the path of a history that chaos wrote.`
      : `${path} cannot be read: ${reason}`,
    { cause },
  );
}
