// The process behind pod_process.ts: calls come in as lines of JSON, and their answers go out likewise.
import { SessionManager } from "../mod.ts";
import { linesOf } from "../scripts/lines.ts";
import { print } from "../scripts/print.ts";
import type { PodAnswer, PodCall } from "./pod_process.ts";

const options = JSON.parse(Deno.args[0]!);
// A busy machine is not what these tests are about.
const commandTimeoutMs = Math.min(10_000, options.ttlMs ?? Infinity);
const manager = await SessionManager.open({ commandTimeoutMs, ...options });
const acme = manager.tenant("acme");
const methods: Readonly<Record<string, (...args: never[]) => unknown>> = {
  getOrCreate: acme.getOrCreate.bind(acme),
  get: acme.get.bind(acme),
  loadFromStore: acme.loadFromStore.bind(acme),
  updateContext: acme.updateContext.bind(acme),
  increment: acme.increment.bind(acme),
  touch: acme.touch.bind(acme),
  destroy: acme.destroy.bind(acme),
  add: (id: string) => acme.update(id, ({ n = 0 }) => ({ n: n + 1 })),
  clearCache: () => manager.clearCache(),
  flush: () => manager.flush(),
  status: () => manager.status(),
};

async function answer({ number, method, args }: PodCall): Promise<PodAnswer> {
  try {
    return { number, result: await methods[method]!(...args as never[]) };
  } catch (error) {
    const { message, code, reason } = error as Error & { code?: string; reason?: string };
    return {
      number,
      error: {
        message,
        ...(code !== undefined && { code }),
        ...(reason !== undefined && { reason }),
      },
    };
  }
}

for await (const line of linesOf(Deno.stdin.readable)) {
  void answer(JSON.parse(line)).then((reply) => print(JSON.stringify(reply)));
}
await manager.close();
