// What the tests of the audit log share: files in a folder of their own, and how they are checked.
import { asideFilesOf } from "../adapters/audit_file/place.ts";
import { readHead } from "../adapters/audit_file.ts";
import { type AuditRecord, type AuditVerdict, verifyAudit } from "../mod.ts";

/** Runs a test with a path in a folder of its own, which is removed afterwards. */
export async function withAuditPath(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hakgal-audit-" });
  try {
    await run(`${folder}/audit.jsonl`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The files of a log, the oldest first. */
export function filesOf(path: string): string[] {
  return [...asideFilesOf(path), path];
}

/** The lines of a file. */
export async function linesIn(file: string): Promise<string[]> {
  const text = await Deno.readTextFile(file);
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** All records of a log. */
export async function recordsIn(path: string): Promise<AuditRecord[]> {
  const lines = await Promise.all(filesOf(path).map(linesIn));
  return lines.flat().map((line) => JSON.parse(line));
}

/** Checks a log with all that is beside it. */
export async function verifyFiles(path: string, idSecret?: string): Promise<AuditVerdict> {
  const files = await Promise.all(
    filesOf(path).map(async (name) => ({ name, lines: await linesIn(name) })),
  );
  const head = await readHead(path);
  return await verifyAudit(files, {
    ...(head && { head }),
    ...(idSecret !== undefined && { idSecret }),
  });
}
