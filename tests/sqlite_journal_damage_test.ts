// A journal's file after it was damaged: whole records come back, and nothing else; what is lost is told.
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { salvage } from "../adapters/sqlite_journal/salvage.ts";
import { readLog } from "../adapters/sqlite_journal/wal.ts";
import type { JournalContents } from "../core/journal_store.ts";
import { namesIn, reopened, withJournal } from "./sqlite_journal_support.ts";
import { withFile } from "./sqlite_support.ts";

/** What was written under each key at any time. */
type History = Map<string, Set<string | undefined>>;

/** A journal's file, and its log if it was not closed. */
interface Image {
  readonly file: Uint8Array;
  readonly log: Uint8Array | undefined;
}

interface Written extends Image {
  readonly history: History;
  readonly last: Map<string, string>;
}

/** A fixed sequence of numbers in [0, 1). */
function seeded(seed: number): () => number {
  return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Records of every length around the borders of a page, written over, some removed. */
async function written(path: string, hot: boolean): Promise<Written> {
  const random = seeded(11);
  const history: History = new Map();
  const last = new Map<string, string>();
  let image: Image | undefined;
  await withJournal(path, async (journal) => {
    for (let round = 0; round < 120; round++) {
      const changes = new Map<string, string | undefined>();
      for (let index = 0; index < 3; index++) {
        const key = `key-${Math.floor(random() * 60)}`;
        const length = random() < 0.8 ? random() * 300 : 3_900 + random() * 9_000;
        const record = random() < 0.2 ? undefined : `${round}:${"é\0".repeat(length / 3)}`;
        changes.set(key, record);
        history.set(key, (history.get(key) ?? new Set()).add(record));
        if (record === undefined) last.delete(key);
        else last.set(key, record);
      }
      await journal.write(changes);
    }
    if (hot) image = read(path);
  });
  return { ...(image ?? read(path)), history, last };
}

function read(path: string): Image {
  const hasLog = namesIn(path).includes("sessions.db-wal");
  return {
    file: Deno.readFileSync(path),
    log: hasLog ? Deno.readFileSync(`${path}-wal`) : undefined,
  };
}

/** Opens an image in a place of its own. */
async function opened(
  { file, log }: Image,
  look: (contents: JournalContents, path: string) => void | Promise<void>,
): Promise<void> {
  await withFile(async (path) => {
    Deno.writeFileSync(path, file);
    if (log) Deno.writeFileSync(`${path}-wal`, log);
    await look(await reopened(path), path);
  });
}

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= mask;
  return copy;
}

/** Whole records only, and a word of damage if one is missing. */
async function check(image: Image, { history, last }: Written, what: string): Promise<void> {
  await opened(image, async ({ records, damage }, path) => {
    for (const [key, record] of records) {
      assert(history.get(key)?.has(record), `${what}: ${key} is made up`);
    }
    const isComplete = [...last].every(([key, record]) => records.get(key) === record);
    assert(isComplete || damage !== undefined, `${what}: a loss was not told`);
    if (damage) assert(Deno.statSync(damage.path).isFile, what);
    const again = await reopened(path);
    assertEquals(again, { records, damage: undefined }, `${what}: opened again`);
    await withJournal(path, (journal) => journal.write(new Map([["new", "1"]])));
    assertEquals((await reopened(path)).records.size, records.size + 1, what);
  });
}

for (const hot of [false, true]) {
  const state = hot ? "left by a killed process" : "closed";

  Deno.test(`a sound file, ${state}, is read in whole by SQLite and by the salvage`, async () => {
    await withFile(async (path) => {
      const image = await written(path, hot);
      assertEquals(image.log !== undefined, hot);
      await opened(image, (contents) => {
        assertEquals(contents, { records: image.last, damage: undefined });
      });
      const log = readLog(image.log ?? new Uint8Array(), 4096);
      const rows = salvage(image.file, log);
      assertEquals(new Map(rows.map(({ key, record }) => [key, record])), sorted(rows, image.last));
      assertEquals(log.lost, false);
    });
  });

  Deno.test(`a byte that has changed in a file, ${state}, makes up no record`, async () => {
    await withFile(async (path) => {
      const image = await written(path, hot);
      const random = seeded(7);
      const header = Array.from({ length: 112 }, (_, at) => at);
      const schema = Array.from({ length: 40 }, (_, index) => 4095 - index * 8);
      const leaf = Array.from({ length: 24 }, (_, at) => 4096 + at);
      const anywhere = Array.from({ length: 60 }, () => Math.floor(random() * image.file.length));
      for (const at of [...header, ...schema, ...leaf, ...anywhere]) {
        if (at >= image.file.length) continue;
        const mask = 1 << Math.floor(random() * 8);
        const file = flipped(image.file, at, mask);
        await check({ ...image, file }, image, `byte ${at} ^ ${mask}`);
      }
    });
  });

  Deno.test(`a file, ${state}, cut off anywhere, makes up no record`, async () => {
    await withFile(async (path) => {
      const image = await written(path, hot);
      const { length } = image.file;
      const lengths = [1, 16, 99, 100, 511, 512, 4095, 4096, 4097, 8192, length - 4096, length - 1];
      for (const end of hot ? [0, ...lengths] : lengths) {
        const file = image.file.slice(0, Math.max(0, end));
        await check({ ...image, file }, image, `${end} of ${length} bytes`);
      }
    });
  });
}

/** In the order of the rows, so that maps can be compared. */
function sorted(rows: readonly { key: string }[], records: Map<string, string>) {
  assertEquals(rows.length, records.size);
  return new Map(rows.map(({ key }) => [key, records.get(key)!]));
}

Deno.test("a damaged log makes up no record, and a commit lost in its middle is told", async () => {
  await withFile(async (path) => {
    const image = await written(path, true);
    const log = image.log!;
    const random = seeded(3);
    const header = Array.from({ length: 56 }, (_, at) => at);
    const anywhere = Array.from({ length: 60 }, () => Math.floor(random() * log.length));
    const settled = { ...image, last: new Map<string, string>() };
    for (const at of [...header, ...anywhere]) {
      // Of the last write, nobody can say whether it was ever completed.
      const isEarly = at < log.length - 20 * 4_120;
      const changed = flipped(log, at, 1 << Math.floor(random() * 8));
      await check({ ...image, log: changed }, isEarly ? image : settled, `log byte ${at}`);
    }
    for (let end = 0; end <= log.length; end += 4_120 * 7 + 13) {
      await check({ ...image, log: log.slice(0, end) }, settled, `log of ${end} bytes`);
    }
  });
});

Deno.test("a file that is not there, though its log is, is damage", async () => {
  await withFile(async (path) => {
    const { log, last } = await written(path, true);
    await withFile(async (other) => {
      Deno.writeFileSync(`${other}-wal`, log!);
      const { records, damage } = await reopened(other);
      assertEquals([...records.keys()].sort(), [...last.keys()].sort());
      assertStringIncludes(damage!.reason, "lost its content");
      assertEquals(Deno.readFileSync(damage!.path), log);
    });
  });
});

Deno.test("a header of zeros costs no record, and the file is kept as it was found", async () => {
  await withFile(async (path) => {
    const image = await written(path, false);
    const file = image.file.slice().fill(0, 0, 4096);
    await opened({ ...image, file }, ({ records, damage }, place) => {
      assertEquals([...records].sort(), [...image.last].sort());
      assertStringIncludes(damage!.reason, `${records.size} whole records were taken over`);
      assertEquals(damage!.path, `${place}.damaged-1`);
      assertEquals(Deno.readFileSync(damage!.path), file);
      assertEquals(namesIn(place), ["sessions.db", "sessions.db.damaged-1"]);
    });
  });
});

Deno.test("garbage is set aside, and the journal is empty and works", async () => {
  await withFile(async (path) => {
    for (
      const [index, text] of ["no database", "\0".repeat(10_000), "\x0d".repeat(50_000)].entries()
    ) {
      Deno.writeTextFileSync(path, text);
      const { records, damage } = await reopened(path);
      assertEquals(records.size, 0);
      assertEquals(damage!.path, `${path}.damaged-${index + 1}`);
      assertEquals(Deno.readTextFileSync(damage!.path), text);
    }
  });
});

Deno.test("a record whose checksum does not fit is set aside, the others stay", async () => {
  await withFile(async (path) => {
    const journal = new Map([["a", "1"], ["b", "2"], ["c", "3"]]);
    await withJournal(path, (store) => store.write(journal));
    const tampered = new DatabaseSync(path);
    tampered.exec("UPDATE journal_v1 SET record = x'ff00' WHERE key = CAST('b' AS BLOB)");
    tampered.close();
    await withJournal(path, async (store, { records, damage }) => {
      assertEquals(records, new Map([["a", "1"], ["c", "3"]]));
      assertEquals(damage!.path, `${path}.damaged-1`);
      const line = JSON.parse(await Deno.readTextFile(damage!.path));
      assertEquals(line, {
        key: "b",
        record: "\ufffd\0",
        reason: "The checksum does not fit.",
        keyBase64: "Yg==",
        recordBase64: "/wA=",
      });
      await store.write(new Map([["b", "4"]]));
    });
    assertEquals((await reopened(path)).records, new Map([["a", "1"], ["c", "3"], ["b", "4"]]));
  });
});

Deno.test("a repair that was killed before its last step is completed", async () => {
  await withFile(async (path) => {
    const image = await written(path, true);
    const sound = read(path);
    Deno.writeFileSync(`${path}.rebuilt`, sound.file);
    Deno.writeFileSync(`${path}.damaged-3`, image.file);
    Deno.writeFileSync(`${path}.building`, new Uint8Array(3));
    Deno.writeTextFileSync(path, "damaged".repeat(1_000));
    Deno.writeFileSync(`${path}-wal`, image.log!);
    const { records, damage } = await reopened(path);
    assertEquals([...records].sort(), [...image.last].sort());
    assertEquals(damage!.path, `${path}.damaged-3`);
    assertEquals(namesIn(path), ["sessions.db", "sessions.db.damaged-3"]);
  });
});
