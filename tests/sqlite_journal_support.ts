// What the tests of the journal on disk share.
import { basename, dirname } from "node:path";
import { sqliteJournal } from "../adapters/sqlite_journal.ts";
import type { JournalContents, JournalStore } from "../core/journal_store.ts";

/** Runs a test with an opened journal, which is closed afterwards. */
export async function withJournal(
  path: string,
  run: (journal: JournalStore, contents: JournalContents) => Promise<void>,
): Promise<void> {
  const journal = sqliteJournal({ path });
  try {
    await run(journal, await journal.open());
  } finally {
    await journal.close();
  }
}

/** What a journal holds that is opened and closed again. */
export async function reopened(path: string): Promise<JournalContents> {
  const journal = sqliteJournal({ path });
  try {
    return await journal.open();
  } finally {
    await journal.close();
  }
}

/** The names in the file's directory that begin with its own. */
export function namesIn(path: string): string[] {
  return Array.from(Deno.readDirSync(dirname(path)), ({ name }) => name)
    .filter((name) => name.startsWith(basename(path))).sort();
}
