// A process of its own with a journal: `sqlite_journal_process.ts PATH TASK [UID]`. TASK is `hold` (open it, and
// stay) or `write` (write records for ever). Each line on stdout is an event as JSON.
import { setgid, setuid } from "node:process";
import { sqliteJournal } from "../adapters/sqlite_journal.ts";
import { SessionError } from "../core/errors.ts";

/** What the process tells. */
export interface JournalEvent {
  readonly opened?: number;
  readonly written?: number;
  readonly refused?: { readonly code: string; readonly message: string };
}

/** The record that `write` puts under `key-{index % 50}` as its `index`-th. */
export function recordAt(index: number): string {
  return `${index}:${"x".repeat(index * 37 % 3_000)}`;
}

function tell(event: JournalEvent): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(event)}\n`));
}

async function run(path: string, task: string): Promise<void> {
  const journal = sqliteJournal({ path });
  const { records } = await journal.open();
  tell({ opened: records.size });
  if (task === "hold") setInterval(() => {}, 1_000);
  for (let index = 1; task === "write"; index++) {
    await journal.write(new Map([[`key-${index % 50}`, recordAt(index)]]));
    tell({ written: index });
  }
}

if (import.meta.main) {
  const [path, task, uid] = Deno.args as [string, string, string | undefined];
  if (uid !== undefined) {
    setgid!(Number(uid));
    setuid!(Number(uid));
  }
  try {
    await run(path, task);
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    tell({ refused: { code: error.code, message: error.message } });
  }
}
