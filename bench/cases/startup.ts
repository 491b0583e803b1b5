/**
 * From the start of a process to its first answer, and how large the package is.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { run } from "../../scripts/servers/run.ts";
import { type Bench, type BenchCase, REDIS_CLIENTS } from "../case.ts";
import { packageSize } from "../startup/package_size.ts";
import { median } from "../statistics.ts";
import { atMost } from "../verdict.ts";

const MAIN = fileURLToPath(new URL("../startup/main.ts", import.meta.url));
const CONTESTANTS = ["ours", "bare"] as const;
/** Processes of each, besides those that fill the runtime's caches; a start varies more than a turn of calls. */
const STARTS_PER_ROUND = 3;
const MOST_OVER_BARE_MS = 60;
const MOST_BUNDLE_BYTES = 60_000;

/** Processes that import, connect and ask once, in turns: with the library, and with its client alone. */
export const startup: BenchCase = {
  name: "startup",
  title: "import and open to the first answer; size of the tarball and of a bundle",
  backends: REDIS_CLIENTS,
  async run(bench) {
    const times = { ours: [] as number[], bare: [] as number[] };
    for (const contestant of CONTESTANTS) await start(bench, contestant);
    for (let turn = 0; turn < STARTS_PER_ROUND * bench.settings.rounds; turn++) {
      for (const contestant of CONTESTANTS) times[contestant].push(await start(bench, contestant));
    }
    const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
    const { tarball, bundles } = await packageSize(bench.folder);
    return {
      races: [],
      verdicts: [
        atMost("over the bare client", { value: oursMs - bareMs, unit: "ms" }, MOST_OVER_BARE_MS),
        atMost("bundle, minified", {
          ...{ value: bundles[bench.backend]!, unit: "B" },
        }, MOST_BUNDLE_BYTES),
      ],
      figures: {
        "to the first answer": { value: oursMs, unit: "ms" },
        "to the bare client's": { value: bareMs, unit: "ms" },
        "npm tarball": { value: tarball, unit: "B" },
      },
    };
  },
};

async function start({ backend, server }: Bench, contestant: string): Promise<number> {
  const { code, stdout, stderr } = await run(
    [Deno.execPath(), "run", "-A", "--quiet", MAIN, contestant, backend, server.url],
  );
  if (code !== 0) throw new Error(`A process that was to start ended with ${code}:\n${stderr}`);
  return Number(stdout);
}
