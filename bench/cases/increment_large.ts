/**
 * One counter of a session of ten vectors of 1,536 numbers: what a firewall does on every request.
 *
 * @module
 */

import { type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { openRawClient, type RawClient } from "../clients/open.ts";
import { PEER_NAMES, type PlainSession } from "../peer.ts";
import { RawCommits, recordCommits } from "../recorded_commits.ts";
import type { Contestant } from "../rounds.ts";
import { embedding, idsOf, makeLarge, VECTORS } from "../sessions.ts";
import { TENANT } from "../store.ts";
import { rateAtLeast, rateAtLeastBest } from "../verdict.ts";

const SESSIONS = 50;
const CALLERS = 64;

/** Increments a second: ours, the same commits sent raw, and the peers' read, add, write. */
export const incrementLarge: BenchCase = {
  name: "increment_large",
  title: `one counter, ${SESSIONS} sessions of ${VECTORS} × 1,536 vectors, ${CALLERS} callers`,
  backends: REDIS_CLIENTS,
  isGuarded: true,
  async run(bench) {
    const ids = idsOf("large", SESSIONS);
    const rawIds = idsOf("raw", SESSIONS);
    const sessions = (await bench.open()).tenant(TENANT);
    await makeLarge(sessions, ids);
    const recorded = await recordCommits(bench, {
      prepare: (pod) => makeLarge(pod, rawIds),
      calls: rawIds.map((id) => (pod) => pod.increment(id, "n")),
    });
    const resenders = async (client: RawClient, writer: string) => {
      const commits = await RawCommits.load(bench.use(client), writer);
      const send = recorded.map((commit) => commits.resend(commit));
      return (caller: number) => send[caller % SESSIONS]!();
    };
    const raw = await resenders(await openRawClient(bench.backend, bench.server.url), "raw");
    const options = { callers: CALLERS };
    const race = await bench.race([
      bench.callers("ours", (caller) => sessions.increment(ids[caller % SESSIONS]!, "n"), options),
      bench.callers("raw EVALSHA", raw, options),
      ...bench.backend === "ioredis" ? [await autoPipelined()] : [],
      ...await peers(),
    ]);
    return {
      races: [race],
      verdicts: [
        rateAtLeast(race, { what: "rate, raw", against: "raw EVALSHA", bound: 0.8 }),
        rateAtLeastBest(race, {
          ...{ what: "rate, peers", names: PEER_NAMES, of: "the best peer", bound: 80 },
        }),
      ],
    };

    async function autoPipelined(): Promise<Contestant> {
      const { ioredisRaw } = await import("../clients/ioredis.ts");
      const client = await ioredisRaw(bench.server.url, { autoPipelining: true });
      const send = await resenders(client, "gathering");
      return bench.callers("raw EVALSHA, auto-pipelined", send, options);
    }

    async function peers(): Promise<Contestant[]> {
      const session: PlainSession = {
        context: { n: 0 },
        trajectory: Array.from({ length: VECTORS }, () => Array.from(embedding())),
      };
      const found = await bench.peers();
      for (const peer of found) for (const id of ids) await peer.set(id, session);
      return found.map((peer) =>
        bench.callers(peer.name, async (caller) => {
          const id = ids[caller % SESSIONS]!;
          const read = await peer.get(id);
          read.context.n = (read.context.n ?? 0) + 1;
          await peer.set(id, read);
        }, options)
      );
    }
  },
};
