// A process of its own that hammers one session: `sqlite_pod.ts PATH INCREMENTS`.
// Prints the counter after each group of increments, and at the end the longest time that the event
// loop stood still, in milliseconds.
import { sqliteAdapter } from "../adapters/sqlite.ts";
import { batch, create, increment, KEY, TIMEOUT } from "./sqlite_support.ts";

const CONCURRENCY = 8;
const [path, increments] = Deno.args as [string, string];
const writer = `pod${Deno.pid}`;
let longestMs = 0;
let lastMs = performance.now();
const watch = setInterval(() => {
  const nowMs = performance.now();
  longestMs = Math.max(longestMs, nowMs - lastMs);
  lastMs = nowMs;
}, 1);

const adapter = sqliteAdapter({ path });
await adapter.open({ podKey: `hakgal:pod:${writer}`, ...TIMEOUT });
let seq = 0;
const commit = async (operation: typeof increment, incarnation: string | undefined) => {
  const lane = `${writer}-${seq % CONCURRENCY}`;
  const reply = await adapter.commit(
    KEY,
    batch(++seq, [operation], { writer: lane, incarnation: incarnation! }),
    TIMEOUT,
  );
  if (reply.outcome !== "applied") throw new Error(`unexpected: ${reply.outcome}`);
  return reply;
};
const { identity: { incarnation } } = await commit(create(writer), undefined);
for (let done = 0; done < Number(increments); done += CONCURRENCY) {
  const group = Array.from({ length: CONCURRENCY }, () => commit(increment, incarnation));
  const numbers = (await Promise.all(group)).flatMap((reply) => reply.numbers);
  Deno.stdout.writeSync(new TextEncoder().encode(`${Math.max(...numbers)}\n`));
}
await adapter.close();
clearInterval(watch);
Deno.stdout.writeSync(new TextEncoder().encode(`${Math.ceil(longestMs)}\n`));
