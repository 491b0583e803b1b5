/**
 * Listing sessions.
 *
 * @module
 */

import type { ConformanceCase } from "../case.ts";
import { expectEqual, expectTrue } from "../expect.ts";
import { create, destroy, set } from "../operations.ts";
import type { ListedRecord } from "../../public.ts";

/** The theme's cases. */
export const listing: readonly ConformanceCase[] = [
  {
    name: "live sessions are listed with version, creation and time left",
    clause: "contract",
    async run(context) {
      const held = await context.session();
      await held.apply([set("a", 1)]);
      const { createdAtMs } = await held.state();
      const entries: ListedRecord[] = [];
      const listed = held.pod.adapter.list(context.prefix, { timeoutMs: 20_000 });
      for await (const entry of listed) entries.push(entry);
      const [entry] = entries;
      expectTrue(entry !== undefined, "the session should be listed");
      expectEqual(entry.key, held.key, "the key");
      expectEqual(entry.version, 2, "the version");
      expectEqual(entry.createdAtMs, createdAtMs, "createdAtMs");
      expectTrue(
        entry.expiresInMs > 0 && entry.expiresInMs <= 60_000,
        `the time left should be within the ttl, but is ${entry.expiresInMs}`,
      );
    },
  },
  {
    name: "destroyed and expired sessions are not listed",
    clause: "G4, G6",
    async run(context) {
      const pod = await context.pod();
      const live = await context.session({ pod });
      const dead = await context.session({ pod });
      await dead.apply([destroy]);
      const short = await context.session({ pod, batch: { ttlMs: context.shortMs } });
      await context.passed(short.made.expiresAtMs);
      expectEqual([...await pod.list(context.prefix)], [live.key], "the keys listed");
    },
  },
  {
    name: "a prefix with glob characters means itself",
    clause: "G7",
    async run(context) {
      const pod = await context.pod();
      const ends = ["[ab]:1", "a:1", "*:1", "?:1", "\\a:1", "xx:1", "%:1", "_:1"];
      for (const end of ends) await context.session({ pod, key: context.prefix + end });
      for (const end of ends) {
        const prefix = context.prefix + end.slice(0, -1);
        expectEqual([...await pod.list(prefix)], [context.prefix + end], `keys under ${end}`);
      }
    },
  },
  {
    name: "a prefix is compared by case and from the beginning of the key",
    clause: "G7",
    async run(context) {
      const pod = await context.pod();
      const one = await context.session({ pod, key: `${context.prefix}Abc` });
      await context.session({ pod, key: `${context.prefix}abc` });
      expectEqual([...await pod.list(`${context.prefix}A`)], [one.key], "the keys listed");
      expectEqual((await pod.list(context.prefix.slice(1))).size, 0, "keys of half a prefix");
    },
  },
  {
    name: "nothing is listed where nothing is",
    clause: "contract",
    async run(context) {
      expectEqual((await (await context.pod()).list(context.prefix)).size, 0, "keys listed");
    },
  },
  {
    name: "none of 300 sessions is missed, while others come and go",
    clause: "contract",
    async run(context) {
      const pod = await context.pod();
      const other = await context.pod();
      const keys = Array.from({ length: 300 }, () => context.key());
      await Promise.all(keys.map((key) => pod.commit(key, [create()])));
      let done = false;
      const comeAndGo = async () => {
        while (!done) {
          const passing = await context.session({ pod: other });
          await passing.apply([destroy]);
          await context.turn();
        }
      };
      const listing = pod.list(context.prefix).finally(() => done = true);
      const [listed] = await Promise.all([listing, comeAndGo()]);
      expectEqual(keys.filter((key) => !listed.has(key)).length, 0, "sessions missed");
    },
  },
  {
    name: "a listing can be left early",
    clause: "contract",
    async run(context) {
      const pod = await context.pod();
      for (let index = 0; index < 3; index++) await context.session({ pod });
      let seen = 0;
      for await (const _entry of pod.adapter.list(context.prefix, { timeoutMs: 20_000 })) {
        seen += 1;
        break;
      }
      expectEqual(seen, 1, "entries seen");
      expectEqual((await pod.list(context.prefix)).size, 3, "keys listed afterwards");
    },
  },
];
