/**
 * Checks of what callers hand in. Each answers the form that is stored, or throws before anything is written.
 *
 * @module
 */

import { InvalidInputError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { ContextEntry, Operation } from "./storage_adapter.ts";
import { utf8Length } from "./record.ts";

const TENANT = /^[A-Za-z0-9_.-]{1,64}$/;

/** A tenant's name: part of keys and of channels' names, so that it must never be a pattern. */
export function checkTenant(tenant: unknown): string {
  if (typeof tenant !== "string" || !TENANT.test(tenant)) {
    throw new InvalidInputError(
      "tenant",
      `A tenant is 1 to 64 characters out of A-Z a-z 0-9 _ . - ; got ${preview(tenant)}.`,
      { limit: 64, ...(typeof tenant === "string" ? { size: tenant.length } : {}) },
    );
  }
  return tenant;
}

/** A session's id: any text within the limit. */
export function checkId(id: unknown, limits: Limits, name = "id"): string {
  if (typeof id !== "string") {
    throw new InvalidInputError(name, `A session id is a string; got ${preview(id)}.`);
  }
  if (id === "") {
    throw new InvalidInputError(name, "A session id has at least one character.", { size: 0 });
  }
  checkText(name, "A session id", id, limits.idBytes);
  return id;
}

/** A context field's name. */
export function checkField(field: unknown, limits: Limits): string {
  if (typeof field !== "string" || field === "") {
    throw new InvalidInputError(
      String(field),
      `A field's name is a string of at least one character; got ${preview(field)}.`,
    );
  }
  checkText(field, "A field's name", field, limits.fieldNameBytes);
  return field;
}

/** What a counter is moved by. */
export function checkIncrement(field: string, by: unknown): number {
  if (typeof by !== "number" || !Number.isFinite(by)) {
    throw new InvalidInputError(
      field,
      `"${field}" can only be incremented by a finite number; got ${preview(by)}.`,
    );
  }
  return by;
}

/** The context of a new session. */
export function checkContext(context: unknown, limits: Limits): ContextEntry[] {
  return checkPatch("initial context", context, limits).flatMap((operation) =>
    operation.kind === "set" ? [[operation.field, operation.json] as const] : []
  );
}

/** A patch: fields to set, those that are undefined to delete. */
export function checkPatch(
  name: string,
  patch: unknown,
  limits: Limits,
): (Operation & { kind: "set" | "delete" })[] {
  const fields = Object.keys(checkPlain(name, patch));
  if (fields.length > limits.fields) {
    throw new InvalidInputError(
      name,
      `A context has at most ${limits.fields} fields; the ${name} has ${fields.length}.`,
      { limit: limits.fields, size: fields.length },
    );
  }
  return fields.map((field) => {
    checkField(field, limits);
    const value = (patch as Record<string, unknown>)[field];
    return value === undefined
      ? { kind: "delete", field }
      : { kind: "set", field, json: toJson(field, value, limits) };
  });
}

/** A vector: finite numbers, kept as little-endian float32. */
export function checkVector(vector: unknown, limits: Limits): Uint8Array {
  if (!(vector instanceof Float32Array) && !Array.isArray(vector)) {
    throw new InvalidInputError(
      "vector",
      `A vector is a Float32Array or an array of numbers; got ${preview(vector)}.`,
    );
  }
  const { length } = vector;
  if (length === 0 || length > limits.vectorDimension) {
    throw new InvalidInputError(
      "vector",
      `A vector has 1 to ${limits.vectorDimension} numbers; this one has ${length}.`,
      { limit: limits.vectorDimension, size: length },
    );
  }
  const bytes = new Uint8Array(length * 4);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < length; index++) {
    const number: unknown = vector[index];
    if (typeof number !== "number" || !Number.isFinite(Math.fround(number))) {
      throw new InvalidInputError(
        "vector",
        `A vector holds finite float32 numbers only; number ${index} is ${preview(number)}.`,
      );
    }
    view.setFloat32(index * 4, number, true);
  }
  return bytes;
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The numbers of a stored vector, as a copy of the caller's own. */
export function toFloat32Array(bytes: Uint8Array): Float32Array {
  if (IS_LITTLE_ENDIAN) return new Float32Array(new Uint8Array(bytes).buffer);
  const numbers = new Float32Array(bytes.length / 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < numbers.length; index++) {
    numbers[index] = view.getFloat32(index * 4, true);
  }
  return numbers;
}

/** An object without a class of its own, or an error that names what it is instead. */
export function checkPlain(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || !isPlain(value)) {
    throw new InvalidInputError(name, `The ${name} is a plain object; got ${preview(value)}.`);
  }
  return value as Record<string, unknown>;
}

function checkText(name: string, what: string, text: string, limitBytes: number): void {
  if (!text.isWellFormed()) {
    throw new InvalidInputError(name, `${what} is well-formed Unicode; this has a lone surrogate.`);
  }
  if (text.length * 3 <= limitBytes) return;
  const size = utf8Length(text);
  if (size > limitBytes) {
    throw new InvalidInputError(
      name,
      `${what} has at most ${limitBytes} bytes in UTF-8; this one has ${size}.`,
      { limit: limitBytes, size },
    );
  }
}

function toJson(field: string, value: unknown, limits: Limits): string {
  checkJson(field, value, []);
  const json = JSON.stringify(value);
  const size = utf8Length(json);
  if (size > limits.valueBytes) {
    throw new InvalidInputError(
      field,
      `A value has at most ${limits.valueBytes} bytes as JSON; "${field}" has ${size}.`,
      { limit: limits.valueBytes, size },
    );
  }
  return json;
}

/** JSON.stringify drops or changes what it cannot hold; a session does not. */
function checkJson(field: string, value: unknown, ancestors: readonly object[]): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (typeof value !== "object" || ancestors.includes(value) || ancestors.length >= 100) {
    const what = typeof value === "object" ? "a value that contains itself" : preview(value);
    throw new InvalidInputError(field, `JSON cannot hold ${what}, in "${field}".`);
  }
  if (!Array.isArray(value) && !isPlain(value)) {
    throw new InvalidInputError(field, `JSON cannot hold ${preview(value)}, in "${field}".`);
  }
  const inside = [...ancestors, value];
  const items = Array.isArray(value) ? Array.from(value) : Object.values(value);
  for (const item of items) checkJson(field, item, inside);
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  // The second half: the Object.prototype of another realm (a vm context, a test runner's sandbox).
  return prototype === null || prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf"));
}

/** Names a value in a message without giving its contents away. */
function preview(value: unknown): string {
  if (typeof value === "string") return value.length <= 80 ? JSON.stringify(value) : "a long text";
  if (typeof value === "bigint") return `the bigint ${value}`;
  if (typeof value === "object" && value !== null) {
    const name = Array.isArray(value) ? "array" : value.constructor?.name;
    return name && name !== "Object" ? `an object of class ${name}` : "an object";
  }
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  return String(value);
}
