/** What is left in memory of records that were read and let go of. */

import { assert, assertEquals } from "@std/assert";
import { usedBytes } from "../bench/garbage.ts";
import { startServer } from "../scripts/servers/server.ts";
import { ADAPTERS, batchOf, CALL, creation, POD_KEY } from "./redis_support.ts";
import { serverBinary } from "./support/servers.ts";

const VECTOR = new Uint8Array(60_000).fill(1);
const KEYS = Array.from({ length: 64 }, (_, index) => `read:${index}`);
/** What all of them take. */
const TOTAL_BYTES = KEYS.length * VECTOR.length;

for (const [name, connect] of Object.entries(ADAPTERS)) {
  Deno.test({
    name: `${name} keeps nothing of what was read at once`,
    // GLIDE's clients leave a file descriptor behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using server = await startServer(await serverBinary("redis"));
      const adapter = connect({ url: server.url });
      try {
        await adapter.open({ ...CALL, podKey: POD_KEY });
        for (const key of KEYS) {
          const operations = [creation(), { kind: "append", vector: VECTOR }] as const;
          const { outcome } = await adapter.commit(key, batchOf(operations), CALL);
          assertEquals(outcome, "applied");
        }
        const read = async () => {
          const replies = await adapter.loadMany!(KEYS, { tombstoneMs: 600_000 }, CALL);
          return replies.filter(({ outcome }) => outcome === "found").length;
        };
        const before = usedBytes();
        assertEquals(await read(), KEYS.length);
        const left = usedBytes() - before;
        assert(left < TOTAL_BYTES / 4, `${left} bytes are left of ${TOTAL_BYTES}`);
      } finally {
        await adapter.close();
      }
    },
  });
}
