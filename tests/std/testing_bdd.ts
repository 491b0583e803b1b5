// The names and signatures of jsr:@std/testing/bdd that the tests use, over Deno.test: the
// outermost describe is a test, what it contains are steps. Left out on purpose: what switches tests off.

type Body = (t: Deno.TestContext) => void | Promise<void>;
type Hook = () => void | Promise<void>;

interface Options {
  readonly permissions?: Deno.PermissionOptions;
  readonly sanitizeOps?: boolean;
  readonly sanitizeResources?: boolean;
  readonly sanitizeExit?: boolean;
}

interface Test extends Options {
  readonly kind: "test";
  readonly name: string;
  readonly body: Body;
}

interface Suite extends Options {
  readonly kind: "suite";
  readonly name: string;
  readonly children: (Test | Suite)[];
  readonly hooks: Record<HookName, Hook[]>;
}

type HookName = "beforeAll" | "afterAll" | "beforeEach" | "afterEach";

let current: Suite | undefined;
const globalHooks: Suite["hooks"] = noHooks();

function noHooks(): Suite["hooks"] {
  return { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
}

type Args<F> =
  | [name: string, fn: F]
  | [name: string, options: Options, fn: F]
  | [fn: F]
  | [options: Options & { readonly name: string; readonly fn: F }];

function read<F extends (...args: never[]) => unknown>(
  args: Args<F>,
): { name: string; options: Options; fn: F } {
  const [first, second, third] = args;
  if (typeof first === "function") return { name: first.name, options: {}, fn: first };
  if (typeof first === "object") {
    const { name, fn, ...options } = first;
    return { name, options, fn };
  }
  if (typeof second === "function") return { name: first, options: {}, fn: second };
  if (third === undefined) throw new TypeError(`"${first}" has no function`);
  return { name: first, options: second ?? {}, fn: third };
}

function addSuite(...args: Args<() => void>): void {
  const { name, options, fn } = read(args);
  const suite: Suite = {
    ...options,
    kind: "suite",
    name,
    children: [],
    hooks: noHooks(),
  };
  const outer = current;
  current = suite;
  try {
    const result: unknown = fn();
    if (result instanceof Promise) {
      throw new TypeError(`describe("${name}") must not be asynchronous`);
    }
  } finally {
    current = outer;
  }
  add(suite);
}

function addTest(...args: Args<Body>): void {
  const { name, options, fn } = read(args);
  add({ ...options, kind: "test", name, body: fn });
}

function add(item: Test | Suite): void {
  if (current === undefined) register(item);
  else current.children.push(item);
}

export const describe: (...args: Args<() => void>) => void = addSuite;
export const it: (...args: Args<Body>) => void = addTest;
export const test: typeof it = it;

function addHook(name: HookName, hook: Hook): void {
  (current?.hooks ?? globalHooks)[name].push(hook);
}

export function beforeAll(fn: Hook): void {
  addHook("beforeAll", fn);
}

export const before: typeof beforeAll = beforeAll;

export function afterAll(fn: Hook): void {
  addHook("afterAll", fn);
}

export const after: typeof afterAll = afterAll;

export function beforeEach(fn: Hook): void {
  addHook("beforeEach", fn);
}

export function afterEach(fn: Hook): void {
  addHook("afterEach", fn);
}

function register(item: Test | Suite): void {
  Deno.test({
    name: item.name,
    // Off by default in Deno. What a step leaks, Deno reports at the outermost test, so only there
    // can they be turned off.
    sanitizeOps: item.sanitizeOps ?? true,
    sanitizeResources: item.sanitizeResources ?? true,
    ...(item.sanitizeExit === undefined ? {} : { sanitizeExit: item.sanitizeExit }),
    ...(item.permissions === undefined ? {} : { permissions: item.permissions }),
    fn: (t) => runAround(globalHooks, () => runItem(t, item, [globalHooks])),
  });
}

async function runItem(
  t: Deno.TestContext,
  item: Test | Suite,
  outer: readonly Suite["hooks"][],
): Promise<void> {
  if (item.kind === "test") return await runTest(t, item, outer);
  const hooks = [...outer, item.hooks];
  await runAround(item.hooks, async () => {
    for (const child of item.children) {
      // A failed step fails the test by itself.
      await t.step({
        name: child.name,
        ...(child.sanitizeExit === undefined ? {} : { sanitizeExit: child.sanitizeExit }),
        fn: (step) => runItem(step, child, hooks),
      });
    }
  });
}

async function runTest(
  t: Deno.TestContext,
  test: Test,
  hooks: readonly Suite["hooks"][],
): Promise<void> {
  const errors: unknown[] = [];
  try {
    for (const { beforeEach } of hooks) for (const hook of beforeEach) await hook();
    await test.body(t);
  } catch (error) {
    errors.push(error);
  }
  await runAfter(hooks.toReversed().flatMap(({ afterEach }) => afterEach), errors);
}

async function runAround(hooks: Suite["hooks"], body: () => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  try {
    for (const hook of hooks.beforeAll) await hook();
    await body();
  } catch (error) {
    errors.push(error);
  }
  await runAfter(hooks.afterAll, errors);
}

/** Runs every hook even if one throws, so that each releases what it holds. */
async function runAfter(hooks: readonly Hook[], errors: unknown[]): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) {
    throw new AggregateError(errors, "a test and a hook after it, or several hooks, failed");
  }
}
