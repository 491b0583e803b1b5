/**
 * The cases of the benchmark, in the order in which they are run and shown.
 *
 * @module
 */

import type { BenchCase } from "./case.ts";
import { append } from "./cases/append.ts";
import { cachedRead } from "./cases/cached_read.ts";
import { checker } from "./cases/checker.ts";
import { create } from "./cases/create.ts";
import { evenness } from "./cases/evenness.ts";
import { gc } from "./cases/gc.ts";
import { growth } from "./cases/growth.ts";
import { incrementHot } from "./cases/increment_hot.ts";
import { incrementHot2Pods } from "./cases/increment_hot_2pods.ts";
import { incrementLarge } from "./cases/increment_large.ts";
import { journal } from "./cases/journal.ts";
import { loadLarge } from "./cases/load_large.ts";
import { observedRead } from "./cases/observed_read.ts";
import { openLoopCase } from "./cases/open_loop.ts";
import { outage } from "./cases/outage.ts";
import { outageMemory } from "./cases/outage_memory.ts";
import { recover10000 } from "./cases/recover_10000.ts";
import { revalidate } from "./cases/revalidate.ts";
import { sharedTraffic } from "./cases/shared_traffic.ts";
import { sqliteGet } from "./cases/sqlite_get.ts";
import { sqliteIncrement } from "./cases/sqlite_increment.ts";
import { startup } from "./cases/startup.ts";
import { stickyTraffic } from "./cases/sticky_traffic.ts";
import { updateSmall } from "./cases/update_small.ts";

/** All of them. */
export const CASES: readonly BenchCase[] = [
  ...[
    evenness,
    cachedRead,
    observedRead,
    incrementLarge,
    updateSmall,
    incrementHot,
    incrementHot2Pods,
    append,
    loadLarge,
  ],
  ...[recover10000, create, revalidate, stickyTraffic, sharedTraffic, openLoopCase, outage],
  ...[outageMemory, journal, sqliteIncrement, sqliteGet, growth, startup, gc, checker],
];
