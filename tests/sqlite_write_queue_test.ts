// Group commit over a transaction that fails as it is told to.
import { setImmediate } from "node:timers";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { type Transaction, WriteQueue } from "../adapters/sqlite/write_queue.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { StoreRejectedError, StoreUnavailableError } from "../core/errors.ts";

function sqliteError(message: string): Error {
  return Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR" });
}

/** Each step throws the next error of its list, if that is one. */
class ScriptedTransaction implements Transaction {
  readonly steps: string[] = [];
  readonly #failures: Partial<Record<"begin" | "commit", string[]>>;

  constructor(failures: Partial<Record<"begin" | "commit", string[]>>) {
    this.#failures = failures;
  }

  begin(): void {
    this.#step("begin");
  }

  commit(): void {
    this.#step("commit");
  }

  rollback(): void {
    this.steps.push("rollback");
  }

  #step(name: "begin" | "commit"): void {
    this.steps.push(name);
    const message = this.#failures[name]?.shift();
    if (message) throw sqliteError(message);
  }
}

function queueOver(failures: ConstructorParameters<typeof ScriptedTransaction>[0]) {
  const transaction = new ScriptedTransaction(failures);
  return { transaction, queue: new WriteQueue(transaction, systemClock, Math.random) };
}

Deno.test("what is asked for together shares a transaction", async () => {
  const { transaction, queue } = queueOver({});
  const replies = await Promise.all([1, 2, 3].map((n) => queue.run(() => n, 1_000)));
  assertEquals([replies, transaction.steps], [[1, 2, 3], ["begin", "commit"]]);
});

Deno.test("a lock in the way at the begin or at the commit is tried again", async () => {
  const locked = ["database is locked", "database table is locked"];
  const { transaction, queue } = queueOver({ begin: [...locked], commit: [...locked] });
  let runs = 0;
  assertEquals(await queue.run(() => ++runs, 1_000), 3);
  assertEquals(transaction.steps.filter((step) => step === "rollback").length, 4);
});

Deno.test("nobody is told of success before the commit has succeeded", async () => {
  const failures: [
    message: string,
    type: typeof StoreRejectedError | typeof StoreUnavailableError,
  ][] = [["database or disk is full", StoreRejectedError], [
    "disk I/O error",
    StoreUnavailableError,
  ]];
  for (const [message, type] of failures) {
    const { queue } = queueOver({ commit: [message] });
    const ends = await Promise.allSettled([1, 2].map((n) => queue.run(() => n, 1_000)));
    for (const end of ends) {
      assert(end.status === "rejected");
      assertInstanceOf(end.reason, type);
      if (end.reason instanceof StoreUnavailableError) assertEquals(end.reason.outcome, "unknown");
    }
  }
});

Deno.test("a failure inside the transaction is known to be undone", async () => {
  const { queue } = queueOver({ begin: ["disk I/O error"] });
  const error = await queue.run(() => 1, 1_000).catch((error) => error);
  assertInstanceOf(error, StoreUnavailableError);
  assertEquals(error.outcome, "not-applied");
  assertEquals(await queue.run(() => 2, 1_000), 2);
});

Deno.test("the event loop has its turn between two transactions", async () => {
  const { queue, transaction } = queueOver({});
  const body = (index: number) => {
    if (index === 0) setImmediate(() => transaction.steps.push("turn"));
  };
  await Promise.all(Array.from({ length: 200 }, (_, index) => queue.run(() => body(index), 1_000)));
  assertEquals(transaction.steps, ["begin", "commit", "turn", "begin", "commit"]);
});

Deno.test("a caller that writes again and again does not keep timers and sockets from their turn", async () => {
  const { queue } = queueOver({});
  let hadTurn = false;
  setImmediate(() => hadTurn = true);
  let runs = 0;
  while (!hadTurn && runs < 10_000) await queue.run(() => runs++, 1_000);
  assert(runs < 100, `${runs} runs`);
});

Deno.test("bodies that fail again and again do not keep timers and sockets from their turn", async () => {
  const { queue } = queueOver({});
  let hadTurn = false;
  setImmediate(() => hadTurn = true);
  let runs = 0;
  const fail = () => {
    runs++;
    throw sqliteError("disk I/O error");
  };
  while (!hadTurn && runs < 10_000) await queue.run(fail, 1_000).catch(() => {});
  assert(runs < 100, `${runs} runs`);
});

Deno.test("the lock is free for a part of the time that it was held", async () => {
  let nowMs = 1_000;
  let rests = 0;
  const clock: Clock = {
    now: () => nowMs,
    after(delayMs, callback, options) {
      rests++;
      nowMs += delayMs;
      return systemClock.after(0, callback, options);
    },
  };
  const queue = new WriteQueue(new ScriptedTransaction({}), clock, Math.random);
  const hold = (ms: number) => queue.run(() => void (nowMs += ms), 1_000);
  for (let runs = 0; runs < 4; runs++) await Promise.all([hold(5), hold(5)]);
  assertEquals(rests, 5, "after each 8 ms");
  rests = 0;
  for (let runs = 0; runs < 8; runs++) {
    await hold(2);
    nowMs += 1;
  }
  assertEquals(rests, 0, "what it was free for meanwhile counts");
});
