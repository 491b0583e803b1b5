// What a connection knows of its rows stays small.
import { assert, assertEquals } from "@std/assert";
import { KnownRows } from "../adapters/sqlite/known_rows.ts";

const ENTRY = { seq: 1, incarnation: "x", version: 1, atMs: 1, occupied: false };

Deno.test("of many records the ones that were used last are known", () => {
  const rows = new KnownRows();
  const records = Array.from({ length: 1_024 }, (_, key) => rows.of(`${key}`));
  assert(rows.of("0") === records[0]);
  const last = rows.of("1024");
  assert(rows.of("1024") === last);
  assert(rows.of("0") === records[0], "it was used since");
  assert(rows.of("1") !== records[1], "nobody used it since");
});

Deno.test("of a record, few writers, and few and short fields are known", () => {
  const known = new KnownRows().of("key");
  for (let index = 0; index < 100; index++) {
    known.setWriter(`w${index}`, ENTRY);
    known.setField(`f${index}`, "1");
  }
  const indices = Array.from({ length: 100 }, (_, index) => index);
  const writers = indices.filter((index) => known.writer(`w${index}`));
  const fields = indices.filter((index) => known.field(`f${index}`));
  assert(writers.length <= 8 && fields.length <= 16, `${writers.length}, ${fields.length}`);
  assertEquals([known.writer("w99"), known.field("f99")], [ENTRY, "1"]);
  known.setField("f99", `"${"x".repeat(64)}"`);
  assertEquals(known.field("f99"), undefined, "neither the long value nor the one before it");
});
