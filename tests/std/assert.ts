// The names and signatures of jsr:@std/assert that the tests use, over node:assert.
import nodeAssert from "node:assert/strict";

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error = Error> = abstract new (...args: any[]) => E;

function because(message: string | undefined): string {
  return message === undefined ? "" : `: ${message}`;
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 6, strAbbreviateSize: 500 });
}

/** Runs an assertion of node:assert, whose message shows the difference. */
function check(run: () => void, msg: string | undefined): void {
  try {
    run();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new AssertionError(msg === undefined ? text : `${msg}\n${text}`, { cause: error });
  }
}

export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

export function assertFalse(expr: unknown, msg?: string): asserts expr is false {
  if (expr) throw new AssertionError(`Expected a falsy value, got ${show(expr)}${because(msg)}`);
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.deepStrictEqual(actual, expected), msg);
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.notDeepStrictEqual(actual, expected), msg);
}

export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  check(() => nodeAssert.strictEqual(actual, expected), msg);
}

export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.notStrictEqual(actual, expected), msg);
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw new AssertionError(`Expected a value, got ${actual}${because(msg)}`);
  }
}

// deno-lint-ignore no-explicit-any
export function assertInstanceOf<T extends abstract new (...args: any[]) => any>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  throw new AssertionError(
    `Expected an instance of ${expectedType.name}, got ${show(actual)}${because(msg)}`,
  );
}

export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(`Expected ${show(actual)} to match ${expected}${because(msg)}`);
}

export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) return;
  throw new AssertionError(`Expected ${show(actual)} not to match ${expected}${because(msg)}`);
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(`Expected ${show(actual)} to contain ${show(expected)}${because(msg)}`);
}

export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) =>
    !items.some((item) => isDeepEqual(item, wanted))
  );
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected ${show(items)} to include ${show(missing)}${because(msg)}`,
  );
}

function isDeepEqual(actual: unknown, expected: unknown): boolean {
  try {
    nodeAssert.deepStrictEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}

export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  check(() => nodeAssert.deepStrictEqual(restrict(actual, expected), expected), msg);
}

/** `actual`, less what `expected` does not name. */
function restrict(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.map((item, index) => index in expected ? restrict(item, expected[index]) : item);
  }
  if (!isPlain(actual) || !isPlain(expected)) return actual;
  const kept: Record<PropertyKey, unknown> = Object.create(Object.getPrototypeOf(expected));
  for (const key of Reflect.ownKeys(expected)) {
    if (key in actual) kept[key] = restrict(actual[key], expected[key]);
  }
  return kept;
}

function isPlain(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null &&
    !(value instanceof Map || value instanceof Set || value instanceof Date ||
      value instanceof RegExp || ArrayBuffer.isView(value) || Array.isArray(value));
}

export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (Math.abs(expected - actual) <= allowed) return;
  throw new AssertionError(
    `Expected ${actual} to be ${expected} within ${allowed}${because(msg)}`,
  );
}

function assertOrder<T>(
  holds: boolean,
  actual: T,
  relation: string,
  expected: T,
  msg?: string,
): void {
  if (holds) return;
  throw new AssertionError(
    `Expected ${show(actual)} ${relation} ${show(expected)}${because(msg)}`,
  );
}

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  assertOrder(actual > expected, actual, ">", expected, msg);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  assertOrder(actual >= expected, actual, ">=", expected, msg);
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  assertOrder(actual < expected, actual, "<", expected, msg);
}

export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  assertOrder(actual <= expected, actual, "<=", expected, msg);
}

function assertError(
  error: unknown,
  errorClass: ErrorClass | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): void {
  if (errorClass === undefined) return;
  if (!(error instanceof errorClass)) {
    throw new AssertionError(
      `Expected an error of ${errorClass.name}, got ${show(error)}${because(msg)}`,
      { cause: error },
    );
  }
  if (msgIncludes !== undefined && !error.message.includes(msgIncludes)) {
    throw new AssertionError(
      `Expected the error's message to contain ${show(msgIncludes)}, got ` +
        `${show(error.message)}${because(msg)}`,
      { cause: error },
    );
  }
}

interface Expectation {
  readonly errorClass: ErrorClass | undefined;
  readonly msgIncludes: string | undefined;
  readonly msg: string | undefined;
}

function expectation(
  errorClassOrMsg: ErrorClass | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): Expectation {
  return typeof errorClassOrMsg === "string"
    ? { errorClass: undefined, msgIncludes: undefined, msg: errorClassOrMsg }
    : { errorClass: errorClassOrMsg, msgIncludes, msg };
}

export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  errorClassOrMsg?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(errorClassOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    assertError(error, expected.errorClass, expected.msgIncludes, expected.msg);
    return error;
  }
  throw new AssertionError(`Expected the function to throw${because(expected.msg)}`);
}

export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(errorClassOrMsg, msgIncludes, msg);
  let returned: unknown;
  try {
    returned = fn();
  } catch (error) {
    throw new AssertionError(
      `Expected the function to reject, it threw instead${because(expected.msg)}`,
      { cause: error },
    );
  }
  try {
    await (returned as PromiseLike<unknown>);
  } catch (error) {
    assertError(error, expected.errorClass, expected.msgIncludes, expected.msg);
    return error;
  }
  throw new AssertionError(`Expected the function to reject${because(expected.msg)}`);
}

export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${msg === undefined ? "." : `: ${msg}`}`);
}

export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${msg === undefined ? "." : `: ${msg}`}`);
}
