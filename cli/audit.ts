/**
 * `audit verify`: whether an audit log is as it was written.
 *
 * @module
 */

import type { Command } from "commander";
import { readHead } from "../adapters/audit_file.ts";
import { logOf } from "../adapters/audit_file/place.ts";
import type { AuditHead } from "../core/audit_log.ts";
import { readLine } from "../core/audit_chain.ts";
import { type AuditVerdict, verifyAudit } from "../core/audit_verify.ts";
import {
  addOptions,
  type CommandContext,
  EXIT_CODES,
  type GlobalOptions,
} from "./command_context.ts";
import { readLines } from "./read_lines.ts";
import { UsageError } from "./usage_error.ts";

/** Findings that people are shown. */
const SHOWN_FINDINGS = 20;

interface VerifyOptions extends GlobalOptions {
  readonly head?: AuditHead;
  readonly complete?: boolean;
}

/** Adds the command. */
export function addAudit(program: Command, context: CommandContext): void {
  addOptions(
    program.command("audit").description("Looks after audit logs.")
      .command("verify"),
    ["json", "idSecret"],
  )
    .description("Finds lines of an audit log that were changed, removed or put elsewhere.")
    .argument("<files...>", "the log's files, in any order: audit.jsonl*")
    .option("--complete", "that the first lines are missing is a finding, too")
    .option("--head <seq:hash>", "the last line, as it was told before", parseHead)
    .action(async (files: string[], _options: unknown, command: Command) => {
      await verify(files, command.optsWithGlobals(), context);
    });
}

async function verify(
  names: readonly string[],
  options: VerifyOptions,
  context: CommandContext,
): Promise<void> {
  const idSecret = options.idSecret ?? context.terminal.env.HAKGAL_SESSION_ID_SECRET;
  // What a shell finds for audit.jsonl* lies beside the log, and is none of it.
  const logs = names.filter((name) => !/\.(head|lock|pid)$/.test(name));
  if (logs.length === 0) throw new UsageError("Name the files of an audit log, e.g. audit.jsonl*.");
  const files = await inOrder(new Set(logs));
  const remembered = await rememberedHead(files);
  const head = options.head ?? remembered;
  const verdict = await verifyAudit(files.map((name) => ({ name, lines: readLines(name) })), {
    ...(head && { head }),
    ...(idSecret && { idSecret }),
  });
  const lacksFirst = options.complete === true && verdict.firstSeq !== undefined &&
    verdict.firstSeq > 1;
  const isIntact = verdict.isIntact && !lacksFirst;
  context.answer(options, { ...verdict, isIntact }, () => describe({ ...verdict, isIntact }));
  if (!isIntact) context.exitCode = EXIT_CODES.no;
  const notes = [
    ...(verdict.firstSeq !== undefined && verdict.firstSeq > 1
      ? [
        `The log begins with line ${verdict.firstSeq}: what came before is in none of these files.`,
      ]
      : []),
    ...(head
      ? []
      : ["Nobody remembers the last line: lines that were cut off at the end are not missed."]),
    ...(verdict.problems === verdict.lines && verdict.lines > 0 && !verdict.isIntact
      ? [
        `No line is in order: is HAKGAL_SESSION_ID_SECRET the managers' own${
          idSecret ? "" : ", which is not set here"
        }?`,
      ]
      : []),
    ...(idSecret
      ? []
      : ["Checked without a secret: who wrote the whole log anew is not found out."]),
  ];
  for (const note of notes) context.terminal.note(note);
}

/** The files in the order of their first lines. */
async function inOrder(names: ReadonlySet<string>): Promise<string[]> {
  const firsts = await Promise.all([...names].map(async (name) => {
    for await (const line of readLines(name)) return { name, seq: readLine(line)?.seq ?? Infinity };
    return { name, seq: Infinity };
  }));
  return firsts.sort((one, other) => one.seq - other.seq).map(({ name }) => name);
}

/** What is remembered beside the log, if its newest file is among those that are checked. */
async function rememberedHead(files: readonly string[]): Promise<AuditHead | undefined> {
  const newest = files.find((name) => logOf(name) === name);
  return newest === undefined ? undefined : await readHead(newest);
}

function parseHead(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash };
  throw new UsageError(
    `--head is the last line's number and hash as audit verify tells them, e.g. 17:9f86…; got ${
      JSON.stringify(text)
    }.`,
  );
}

function describe(verdict: AuditVerdict): string {
  const { isIntact, lines, last, lost, torn, findings, problems } = verdict;
  const hidden = problems - Math.min(findings.length, SHOWN_FINDINGS);
  return [
    isIntact ? `Intact: ${lines} lines.` : `Not intact: ${lines} lines, ${problems} findings.`,
    ...(last ? [`The last line is ${last.seq}:${last.hash}`] : []),
    ...(lost > 0 ? [`${lost} lines found no room when they were to be written.`] : []),
    ...(torn > 0
      ? [`${torn} times a process died while it wrote, and the log accounts for it.`]
      : []),
    ...findings.slice(0, SHOWN_FINDINGS).map(({ problem, file, line, message }) =>
      `${problem.padEnd(9)} ${file}${line > 0 ? `:${line}` : ""}  ${message}`
    ),
    ...(hidden > 0 ? [`… and ${hidden} more`] : []),
  ].join("\n");
}
