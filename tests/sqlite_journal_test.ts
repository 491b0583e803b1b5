// The journal on disk: what it keeps, whom it keeps out, what it refuses.
import { DatabaseSync } from "node:sqlite";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { sqliteJournal } from "../adapters/sqlite_journal.ts";
import { prepareFile } from "../adapters/sqlite_journal/schema.ts";
import { RecordTable } from "../adapters/sqlite_journal/table.ts";
import { ConfigError, StoreRejectedError, StoreUnavailableError } from "../core/errors.ts";
import { linesOf } from "../scripts/lines.ts";
import { type JournalEvent, recordAt } from "./sqlite_journal_process.ts";
import { namesIn, reopened, withJournal } from "./sqlite_journal_support.ts";
import { withFile } from "./sqlite_support.ts";

/** A child with a journal, killed at the end. */
class JournalProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #process: Deno.ChildProcess;
  readonly #events: AsyncGenerator<string>;

  constructor(
    path: string,
    task: "hold" | "write",
    options: { uid?: number; blocks?: number } = {},
  ) {
    const script = new URL("./sqlite_journal_process.ts", import.meta.url).pathname;
    const uid = options.uid === undefined ? [] : [String(options.uid)];
    const command = [Deno.execPath(), "run", "-A", "--no-check", script, path, task, ...uid];
    // With the signal ignored, writing a file beyond the limit is an error.
    const limited = `trap "" XFSZ; ulimit -f ${options.blocks}; exec "$@"`;
    const [file, ...args] = options.blocks === undefined
      ? command
      : ["/bin/sh", "-c", limited, "sh", ...command];
    this.#process = new Deno.Command(file!, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.pid = this.#process.pid;
    this.#events = linesOf(this.#process.stdout);
  }

  /** What it tells next; `undefined` when it has ended. */
  async next(): Promise<JournalEvent | undefined> {
    const { value } = await this.#events.next();
    return value === undefined ? undefined : JSON.parse(value);
  }

  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It ended by itself.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    // A line may have been cut.
    while (!(await this.#events.next()).done);
    await this.#process.status;
  }
}

Deno.test("records come back as they were written, and one file is left", async () => {
  const records = new Map([
    ["", ""],
    ["a\0b", "\0\0"],
    ["\ufeffbom", "\ufeff😀"],
    ["long", "x".repeat(1 << 20)],
    ["__proto__", '{"__proto__":1}'],
  ]);
  await withFile(async (path) => {
    await withJournal(path, async (journal, { records, damage }) => {
      assertEquals([records, damage], [new Map(), undefined]);
      await journal.write(new Map([["old", "1"], ["a\0b", "1"]]));
    }).then(() => assertEquals(namesIn(path), ["sessions.db"]));
    await withJournal(path, async (journal) => {
      await journal.write(new Map<string, string | undefined>([["old", undefined], ...records]));
      await journal.write(new Map([["never was there", undefined]]));
    });
    assertEquals(namesIn(path), ["sessions.db"]);
    assertEquals(await reopened(path), { records, damage: undefined });
    assertEquals(await reopened(`file://${path}`), { records, damage: undefined });
  });
});

Deno.test("an empty file is a new journal", async () => {
  await withFile(async (path) => {
    await Deno.writeFile(path, new Uint8Array());
    assertEquals(await reopened(path), { records: new Map(), damage: undefined });
  });
});

Deno.test("a place without a write-ahead log is refused", () => {
  const connection = new DatabaseSync(":memory:");
  try {
    assertThrows(() => prepareFile(connection, ":memory:"), ConfigError, "write-ahead log");
  } finally {
    connection.close();
  }
});

Deno.test("a full disk refuses a write as a whole", async () => {
  await withFile(async (path) => {
    const connection = new DatabaseSync(path);
    try {
      prepareFile(connection, path);
      const table = new RecordTable(connection);
      table.write(new Map([["a", "1"], ["b", "1"]]));
      connection.exec("PRAGMA max_page_count = 10");
      const changes = new Map([["a", undefined], ["b", "2"], ["c", "x".repeat(100_000)]]);
      const error = assertThrows(() => table.write(changes), StoreRejectedError);
      assertEquals(error.code, "FULL");
      table.write(new Map([["a", "3"]]));
    } finally {
      connection.close();
    }
    assertEquals((await reopened(path)).records, new Map([["a", "3"], ["b", "1"]]));
  });
});

Deno.test("a process that cannot write any more is told, and keeps what it was told before", async () => {
  await withFile(async (path) => {
    let written = 0;
    let refused: JournalEvent["refused"];
    {
      await using child = new JournalProcess(path, "write", { blocks: 2_000 });
      for (let event = await child.next(); event; event = await child.next()) {
        written = event.written ?? written;
        refused = event.refused;
      }
    }
    assert(written > 50, String(refused?.message));
    assertMatch(refused!.code, /^(FULL|STORE_UNAVAILABLE)$/);
    const { records, damage } = await reopened(path);
    assertEquals(damage, undefined);
    for (let index = written - 49; index <= written; index++) {
      assertEquals(records.get(`key-${index % 50}`), recordAt(index));
    }
  });
});

Deno.test("a record is set aside into a file, and stays until it is removed", async () => {
  await withFile(async (path) => {
    await withJournal(path, async (journal) => {
      await journal.write(new Map([["k", "?"]]));
      const aside = await journal.setAside("k", "?", "not JSON");
      assertEquals(await journal.setAside("l", "\0", "too"), aside);
      const lines = (await Deno.readTextFile(aside)).trimEnd().split("\n");
      assertEquals(lines.map((line) => JSON.parse(line)), [
        { key: "k", record: "?", reason: "not JSON" },
        { key: "l", record: "\0", reason: "too" },
      ]);
    });
    await withJournal(path, async (journal, { records, damage }) => {
      assertEquals([records, damage], [new Map([["k", "?"]]), undefined]);
      assertStringIncludes(await journal.setAside("k", "?", "again"), ".damaged-2");
    });
  });
});

Deno.test("closing twice is as good as once, and ends everything", async () => {
  await withFile(async (path) => {
    const journal = sqliteJournal({ path });
    await assertRejects(() => journal.write(new Map()), StoreUnavailableError, "not open");
    const opening = journal.open();
    await Promise.all([journal.close(), journal.close()]);
    await opening;
    await journal.close();
    for (
      const call of [
        () => journal.write(new Map()),
        () => journal.setAside("k", "r", "x"),
        () => journal.open(),
      ]
    ) await assertRejects<Error>(call, StoreUnavailableError, "closed");
    assertEquals(namesIn(path), ["sessions.db"]);
  });
});

Deno.test("a path is held by one process, which is named", async () => {
  await withFile(async (path) => {
    await using child = new JournalProcess(path, "hold");
    assertEquals(await child.next(), { opened: 0 });
    const link = `${path}-link`;
    await Deno.symlink(path, link);
    for (const name of [path, link]) {
      const error = await assertRejects(() => sqliteJournal({ path: name }).open(), ConfigError);
      assertEquals(error.option, "journal.path");
      assertStringIncludes(error.message, `(pid ${child.pid})`);
      assertStringIncludes(error.message, "a path of its own");
    }
  });
});

Deno.test("two journals of one process keep each other out, and a refused one leaves no trace", async () => {
  await withFile(async (path) => {
    await withJournal(path, async (journal) => {
      for (const other of [journal, sqliteJournal({ path }), sqliteJournal({ path })]) {
        const error = await assertRejects(() => other.open(), ConfigError);
        assertStringIncludes(error.message, `another journal of this process`);
        if (other !== journal) await other.close();
      }
      await journal.write(new Map([["k", "1"]]));
    });
    assertEquals((await reopened(path)).records, new Map([["k", "1"]]));
    assertEquals(namesIn(path), ["sessions.db"]);
  });
});

Deno.test("of processes that start at once, one gets the path", async () => {
  await withFile(async (path) => {
    await using children = new AsyncDisposableStack();
    const events = await Promise.all(
      Array.from({ length: 4 }, () => children.use(new JournalProcess(path, "hold")).next()),
    );
    assertEquals(events.filter((event) => event?.opened === 0).length, 1);
    assertEquals(events.filter((event) => event?.refused?.code === "CONFIG").length, 3);
  });
});

Deno.test("the path of a process that is just dying is waited for", async () => {
  await withFile(async (path) => {
    await using child = new JournalProcess(path, "hold");
    await child.next();
    const opening = reopened(path);
    child.kill();
    assertEquals((await opening).damage, undefined);
  });
});

Deno.test("whatever a killed process was told is written, is there", async () => {
  for (const writes of [1, 200, 2_000]) {
    await withFile(async (path) => {
      let written = 0;
      {
        await using child = new JournalProcess(path, "write");
        while (written < writes) written = (await child.next())?.written ?? written;
        child.kill();
        for (let event = await child.next().catch(() => undefined); event;) {
          written = event.written ?? written;
          event = await child.next().catch(() => undefined);
        }
      }
      assert(namesIn(path).includes("sessions.db-wal"), "no log was left behind");
      const { records, damage } = await reopened(path);
      assertEquals(damage, undefined);
      for (let index = Math.max(1, written - 49); index <= written; index++) {
        const record = records.get(`key-${index % 50}`);
        // One more may have been written that nobody was told of.
        const isNext = record === recordAt(index + 50) && index + 50 === written + 1;
        assert(isNext || record === recordAt(index), `write ${index} of ${written} is lost`);
      }
      assertEquals(namesIn(path), ["sessions.db"]);
    });
  }
});

Deno.test("a wrong path is refused with the advice that fits", async () => {
  assertThrows(() => sqliteJournal({ path: "" }), ConfigError, "file");
  assertThrows(() => sqliteJournal({ path: ":memory:" }), ConfigError, "in memory");
  await withFile(async (path) => {
    const foreign = new DatabaseSync(path);
    foreign.exec("CREATE TABLE t (x)");
    foreign.close();
    const newer = new DatabaseSync(`${path}2`);
    newer.exec("CREATE TABLE journal_v2 (x); PRAGMA application_id = 0x4847534a");
    newer.exec("PRAGMA user_version = 2");
    newer.close();
    await Deno.mkdir(`${path}3`);
    const cases: readonly (readonly [string, string])[] = [
      [path, "another application's database"],
      [`${path}2`, "update the library"],
      [`${path}3`, "is a directory"],
      [`${path}4/x`, "does not exist: create it"],
      ["/proc/journal.db", "give this process read and write access"],
    ];
    const before = namesIn(path);
    for (const [place, advice] of cases) {
      const error = await assertRejects(() => reopened(place), ConfigError, advice);
      assertEquals(error.option, "journal.path");
    }
    assertEquals(namesIn(path), before);
  });
});

Deno.test("a file or directory that may not be written is refused", async () => {
  await withFile(async (path) => {
    await withJournal(path, (journal) => journal.write(new Map([["k", "1"]])));
    const directory = path.slice(0, path.lastIndexOf("/"));
    // Root may write everything.
    const user = Deno.uid() === 0 ? { uid: 65534 } : {};
    const refused = async () => {
      await using child = new JournalProcess(path, "hold", user);
      const event = await child.next();
      assertEquals(event?.refused?.code, "CONFIG");
      assertStringIncludes(event!.refused!.message, "give this process read and write access");
    };
    await Deno.chmod(path, 0o444);
    await Deno.chmod(directory, 0o777);
    await refused();
    await Deno.chmod(path, 0o666);
    await Deno.chmod(directory, 0o555);
    await refused();
    await Deno.chmod(directory, 0o755);
    assertEquals((await reopened(path)).records, new Map([["k", "1"]]));
  });
});

Deno.test("another program on the file is waited for, and named as what it is", async () => {
  await withFile(async (path) => {
    await reopened(path);
    const other = new DatabaseSync(path);
    try {
      other.exec("BEGIN IMMEDIATE");
      await assertRejects(() => reopened(path), ConfigError, "in use by another program");
    } finally {
      other.close();
    }
    assertEquals((await reopened(path)).damage, undefined);
  });
});

Deno.test("ten thousand records of one write are all there for whoever opens it next", async () => {
  await withFile(async (path) => {
    const many = new Map(Array.from({ length: 10_000 }, (_, i) => [`key-${i}`, "x".repeat(500)]));
    await withJournal(path, async (journal) => {
      await journal.write(many);
      await journal.write(new Map([["key-7", "y"]]));
    });
    assertEquals((await reopened(path)).records, many.set("key-7", "y"));
  });
});
