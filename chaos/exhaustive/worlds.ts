/**
 * The small worlds. First what the search that the protocol came from did not cover, then the plain ones.
 *
 * @module
 */

import { sizeOf, type World, type WorldCall, type WorldClient } from "./world.ts";

const create: WorldCall = { kind: "getOrCreate" };
const read: WorldCall = { kind: "get" };
const add: WorldCall = { kind: "increment" };
const set: WorldCall = { kind: "updateContext" };
const list: WorldCall = { kind: "update" };
const append: WorldCall = { kind: "appendTrajectory" };
const destroy: WorldCall = { kind: "destroy" };
const touch: WorldCall = { kind: "touch" };
/** To an id that nobody else uses. */
const rotate: WorldCall = { kind: "rotate" };
/** To the other id of the world. */
const rotateOver: WorldCall = { kind: "rotate", variant: 0 };

/** A call on the second session. */
function onSecond(call: WorldCall): WorldCall {
  return { ...call, session: 1 };
}

/** One client a pod. */
function each(...programs: readonly (readonly WorldCall[])[]): WorldClient[] {
  return programs.map((calls, pod) => ({ pod, calls }));
}

/** Two pods, one session. */
function pair(
  name: string,
  about: string,
  programs: readonly (readonly WorldCall[])[],
  rest: Pick<World, "faults"> & Partial<World>,
): World {
  return {
    ...{ name, about, pods: 2, sessions: 1, before: [create], clients: each(...programs) },
    ...rest,
  };
}

/** A time to live as long as a command may take. */
const SHORT_LIFE = { ttlMs: 200, commandTimeoutMs: 200 };
const DURABLE = { durable: true };

const UNCOVERED: readonly World[] = [
  pair("appends-order", "vectors of two pods keep their order", [[append, append], [append]], {
    faults: { cuts: 1 },
  }),
  pair("appends-outage", "vectors that wait for the store keep their order", [
    [append, append],
    [append],
  ], { faults: { outages: 1 } }),
  pair("appends-death", "vectors in the journal of a pod that dies", [[append, append], [append]], {
    faults: { outages: 1, kills: 1 },
    settings: DURABLE,
  }),
  pair("journal-full", "a journal that takes one session", [[add, onSecond(add)], [add]], {
    sessions: 2,
    before: [create, onSecond(create)],
    faults: { outages: 1 },
    settings: { journalSessions: 1 },
  }),
  pair("journal-full-create", "what a full journal refuses is not there", [
    [create, onSecond(create), add],
    [onSecond(create)],
  ], { sessions: 2, before: [], faults: { outages: 1 }, settings: { journalSessions: 1 } }),
  pair("journal-damaged", "a journal that nobody understands", [[add, add], [add]], {
    faults: { outages: 1, damages: 1 },
    settings: DURABLE,
  }),
  {
    name: "three-pods-count",
    about: "three serving pods",
    ...{ pods: 3, sessions: 1, before: [create] },
    clients: each([add], [add], [add]),
    faults: { cuts: 1 },
  },
  {
    name: "three-pods-destroy",
    about: "three serving pods: one destroys, one creates anew, one counts",
    ...{ pods: 3, sessions: 1, before: [create] },
    clients: each([add], [destroy], [create]),
    faults: { cuts: 1 },
  },
  {
    name: "three-pods-outage",
    about: "three serving pods, and the store goes away",
    ...{ pods: 3, sessions: 1, before: [create] },
    clients: each([add], [add], [destroy]),
    faults: { outages: 1 },
  },
  pair("update-expired-away", "an update accepted before its session expired, the store away", [
    [list],
    [add],
  ], { faults: { outages: 1, expiries: 1 } }),
  pair("update-expired-read", "as that, and another pod is told that it expired", [
    [list],
    [{ ...read, fresh: true }],
  ], { faults: { outages: 1, expiries: 1 } }),
  pair("rotate-loss", "a rotation while the store loses its memory", [[rotate], [add]], {
    faults: { losses: 1 },
  }),
  pair("rotate-rollback", "a rotation while the store goes back to an older snapshot", [
    [add, rotate],
    [add],
  ], { faults: { losses: 1 }, snapshot: "after-before" }),
  pair("rotate-over-loss", "a rotation onto a taken id while the store loses its memory", [
    [rotateOver],
    [onSecond(add)],
  ], { sessions: 2, before: [create, onSecond(create)], faults: { losses: 1 } }),
];

const PLAIN: readonly World[] = [
  pair("create-create", "two pods create one id", [[create], [create]], {
    before: [],
    faults: { cuts: 1 },
  }),
  pair("create-create-death", "two pods create one id, and one dies", [[create, add], [create]], {
    before: [],
    faults: { cuts: 1, kills: 1 },
  }),
  pair("create-late", "created, destroyed, and a late copy of the create", [[create, destroy], [
    read,
  ]], {
    before: [],
    faults: { cuts: 1 },
  }),
  pair("count-count", "two pods count", [[add], [add]], { faults: { cuts: 2 } }),
  pair("count-set", "two fields of one session", [[add, set], [set]], { faults: { cuts: 1 } }),
  pair("count-destroy", "one pod counts, the other one destroys", [[add, read], [destroy]], {
    faults: { cuts: 1 },
  }),
  pair("destroy-create", "destroyed, and created anew while another pod counts", [
    [destroy, create],
    [add, add],
  ], { faults: { cuts: 1 } }),
  pair("update-update", "two pods read, change and write", [[list], [list]], {
    faults: { cuts: 1 },
  }),
  pair("update-destroy", "an update, and a session that is created anew", [
    [list],
    [destroy, create],
  ], { faults: { cuts: 1 } }),
  pair("count-expiry", "counted at about its end", [[add, add], [read, touch]], {
    faults: { halves: 2 },
    settings: SHORT_LIFE,
  }),
  pair("rotate-count", "a rotation, and another pod that counts", [[rotate], [add, read]], {
    faults: { cuts: 1 },
  }),
  pair("rotate-death", "a rotation whose pod dies", [[rotate], [add]], {
    faults: { kills: 1, cuts: 1 },
  }),
  pair("rotate-cross", "two rotations that cross", [[rotateOver], [onSecond(rotateOver)]], {
    sessions: 2,
    before: [create, onSecond(create)],
    faults: { cuts: 1 },
  }),
  pair("count-outage", "two pods count, and the store goes away", [[add, add], [add]], {
    faults: { outages: 1, cuts: 1 },
  }),
  pair("create-outage", "two pods create one id, and the store goes away", [
    [create, add],
    [create],
  ], { before: [], faults: { outages: 1 } }),
  pair("destroy-outage", "one pod destroys what another one counts, and the store goes away", [
    [destroy],
    [add, add],
  ], { faults: { outages: 1 } }),
  pair("count-outage-death", "a pod dies with what it had accepted", [[add, add], [add]], {
    faults: { outages: 1, kills: 1 },
    settings: DURABLE,
  }),
  pair("count-loss", "two pods count, and the store loses its memory", [[add], [add]], {
    faults: { losses: 1 },
  }),
  pair("count-rollback", "two pods count, and the store goes back to a snapshot", [
    [add, add],
    [add],
  ], { faults: { losses: 1 }, snapshot: "after-before" }),
  pair("destroy-loss", "destroyed, and the store loses its memory", [[destroy], [add]], {
    before: [create, { ...read, pod: 1 }],
    faults: { losses: 1 },
  }),
];

/** Every world, in the order of their sizes; of one size, those come first that no search has covered. */
export const WORLDS: readonly World[] = [...UNCOVERED, ...PLAIN]
  .toSorted((one, other) => sizeOf(one) - sizeOf(other));
