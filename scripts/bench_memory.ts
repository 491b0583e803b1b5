/**
 * `deno task bench:memory`: what sessions take in Redis or Valkey.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "commander";
import { sessionMemory, type SessionShape, storeMemory } from "../bench/memory_calculator.ts";
import { print } from "./print.ts";

interface Asked extends SessionShape {
  readonly sessions: number;
}

new Command("deno task bench:memory")
  .description("Tells what sessions take in the memory of Redis or Valkey.")
  .option("--sessions <n>", "how many", number, 100_000)
  .option("--vectors <n>", "vectors in each", number, 10)
  .option("--dimension <n>", "numbers in a vector", number, 1_536)
  .option("--fields <n>", "entries of the context", number, 5)
  .option("--name-bytes <n>", "bytes of an entry's name", number, 12)
  .option("--value-bytes <n>", "bytes of an entry's JSON text", number, 8)
  .option("--writers <n>", "pods that wrote it within the last hours", number, 2)
  .option("--holders <n>", "pods that hold it", number, 1)
  .action(({ sessions, ...shape }: Asked) => {
    const { memoryUsage, total } = sessionMemory(shape);
    const all = storeMemory(sessions, shape);
    print(`one session: ${bytes(total)} (MEMORY USAGE: ${bytes(memoryUsage)})`);
    print(`${sessions.toLocaleString("en")} sessions: ${(all / 1e9).toFixed(2)} GB`);
  })
  .parse(Deno.args, { from: "user" });

function bytes(count: number): string {
  return `${count.toLocaleString("en")} bytes`;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError("It is a whole number, 0 or more.");
}
