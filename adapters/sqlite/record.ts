/**
 * One session's rows as the record that core's commit and load work on, inside a transaction.
 *
 * @module
 */

import type { SQLOutputValue } from "node:sqlite";
import type { ReadableCursor } from "../../core/load.ts";
import { type RecordMeta, slotsByAge } from "../../core/record.ts";
import type { SessionState, WriterEntry } from "../../core/storage_adapter.ts";
import type { KnownRecord, KnownRows } from "./known_rows.ts";
import { decodeMeta, encodeMeta } from "./meta_row.ts";
import type { Statements } from "./statements.ts";

/** A leading byte order mark belongs to the name. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads rows when they are asked for and not known, and writes the meta once, at {@linkcode SqliteRecord.flush}.
 * Without known rows it reads all that it is asked for.
 */
export class SqliteRecord implements ReadableCursor {
  readonly #statements: Statements;
  readonly #key: string;
  readonly #nowMs: number;
  readonly #rows: KnownRows | undefined;
  #known: KnownRecord | undefined;
  #meta: RecordMeta | "corrupt" | undefined;
  #corruption = "";
  #loaded = false;
  #inserted = false;
  #changed = false;

  constructor(statements: Statements, key: string, nowMs: number, rows?: KnownRows) {
    this.#statements = statements;
    this.#key = key;
    this.#nowMs = nowMs;
    this.#rows = rows;
    this.#known = rows?.of(key);
  }

  meta(): RecordMeta | "corrupt" | undefined {
    if (!this.#loaded) this.#readMeta();
    return this.#meta;
  }

  corruption(): string {
    return this.#corruption;
  }

  setMeta(meta: RecordMeta): void {
    this.#meta = meta;
    this.#changed = true;
  }

  writer(id: string): WriterEntry | undefined {
    const known = this.#known?.writer(id);
    if (known) return known;
    const row = this.#statements.readWriter.get(this.#key, id);
    if (!row) return undefined;
    const entry = decodeWriter(row);
    this.#known?.setWriter(id, entry);
    return entry;
  }

  writers(): Iterable<readonly [string, WriterEntry]> {
    const rows = this.#statements.readWriters.all(this.#key);
    return rows.map((row) => [row.writer as string, decodeWriter(row)]);
  }

  setWriter(id: string, entry: WriterEntry): void {
    const { seq, incarnation, version, atMs, occupied } = entry;
    const { writeWriter } = this.#statements;
    writeWriter.run(this.#key, id, seq, incarnation, version, atMs, Number(occupied));
    this.#known?.setWriter(id, entry);
  }

  deleteWriter(id: string): void {
    this.#statements.deleteWriter.run(this.#key, id);
    this.#known?.deleteWriter(id);
  }

  field(name: string): string | undefined {
    const known = this.#known?.field(name);
    if (known !== undefined) return known;
    const json = this.#statements.readField.get(this.#key, name)?.json as string | undefined;
    if (json !== undefined) this.#known?.setField(name, json);
    return json;
  }

  setField(name: string, json: string): void {
    this.#statements.writeField.run(this.#key, name, json);
    this.#known?.setField(name, json);
  }

  deleteField(name: string): void {
    this.#statements.deleteField.run(this.#key, name);
    this.#known?.deleteField(name);
  }

  putVector(slot: number, vector: Uint8Array): void {
    this.#statements.writeVector.run(this.#key, slot, vector);
  }

  clearState(): void {
    this.#statements.deleteFields.run(this.#key);
    this.#statements.deleteVectors.run(this.#key);
    this.#known?.clearFields();
  }

  readState(meta: RecordMeta): Pick<SessionState, "context" | "trajectory"> | { corrupt: string } {
    const context = new Map<string, string>();
    for (const { field, json } of this.#statements.readFields.all(this.#key)) {
      context.set(utf8.decode(field as Uint8Array), json as string);
    }
    if (context.size !== meta.fields) {
      return { corrupt: `${context.size} context fields of ${meta.fields}` };
    }
    return this.#readTrajectory(meta, context);
  }

  /** Writes the meta if it was changed. The transaction must be one that writes. */
  flush(): void {
    if (!this.#changed || typeof this.#meta !== "object") return;
    const { insertMeta, updateMeta } = this.#statements;
    (this.#inserted ? updateMeta : insertMeta).run(...encodeMeta(this.#meta), this.#key);
    if (this.#known) this.#known.meta = this.#meta;
  }

  /** Removes what is left of a record that has run out altogether. */
  purge(): void {
    if (this.meta() !== undefined || !this.#inserted) return;
    purgeRecord(this.#statements, this.#key);
    this.#rows?.forget(this.#key);
    this.#known = this.#rows?.of(this.#key);
    this.#inserted = false;
  }

  #readMeta(): void {
    this.#loaded = true;
    const decoded = this.#known?.meta ?? this.#readRow();
    if (decoded === undefined) return;
    this.#inserted = true;
    if ("corrupt" in decoded) {
      this.#meta = "corrupt";
      this.#corruption = decoded.corrupt;
    } else {
      if (this.#known) this.#known.meta = decoded;
      if (decoded.dropAtMs > this.#nowMs) this.#meta = decoded;
    }
  }

  #readRow(): ReturnType<typeof decodeMeta> | undefined {
    try {
      const row = this.#statements.readMeta.get(this.#key);
      return row && decodeMeta(row);
    } catch (error) {
      if (error instanceof RangeError) return { corrupt: "a number is out of range" };
      throw error;
    }
  }

  #readTrajectory(
    meta: RecordMeta,
    context: SessionState["context"],
  ): ReturnType<SqliteRecord["readState"]> {
    const vectors = new Map<number, Uint8Array>();
    if (meta.appended > 0) {
      for (const { slot, data } of this.#statements.readVectors.all(this.#key)) {
        vectors.set(slot as number, data as Uint8Array);
      }
    }
    const trajectory: Uint8Array[] = [];
    for (const slot of slotsByAge(meta)) {
      const vector = vectors.get(slot);
      if (!vector) return { corrupt: `vector ${slot} is missing` };
      if (vector.length !== meta.dimension * 4) {
        return { corrupt: `vector ${slot} has ${vector.length} bytes of ${meta.dimension * 4}` };
      }
      trajectory.push(vector);
    }
    return { context, trajectory };
  }
}

/** Deletes every row of a record. */
export function purgeRecord(statements: Statements, key: string): void {
  statements.deleteMeta.run(key);
  statements.deleteFields.run(key);
  statements.deleteVectors.run(key);
  statements.deleteWriters.run(key);
}

function decodeWriter(row: Record<string, SQLOutputValue>): WriterEntry {
  return {
    seq: row.seq as number,
    incarnation: row.incarnation as string,
    version: row.version as number,
    atMs: row.at_ms as number,
    occupied: row.occupied === 1,
  };
}
