/**
 * The small worlds. First what the search that the protocol came from did not cover, then the plain ones.
 *
 * @module
 */

import type { World, WorldCall } from "./world.ts";

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

/** Every world, by its name. */
export const WORLDS: readonly World[] = [
  {
    name: "create-create",
    about: "two pods create one id",
    pods: 2,
    sessions: 1,
    clients: [{ pod: 0, calls: [create] }, { pod: 1, calls: [create] }],
    faults: { cuts: 1 },
  },
  {
    name: "increment-increment",
    about: "two pods count at once, and a reply is lost",
    pods: 2,
    sessions: 1,
    before: [create],
    clients: [{ pod: 0, calls: [add] }, { pod: 1, calls: [add] }],
    faults: { cuts: 1 },
  },
  {
    name: "increment-destroy",
    about: "one pod counts, the other destroys",
    pods: 2,
    sessions: 1,
    before: [create],
    clients: [{ pod: 0, calls: [add, read] }, { pod: 1, calls: [destroy] }],
    faults: { cuts: 1 },
  },
  {
    name: "update-outage",
    about: "one pod counts, the other destroys",
    pods: 2,
    sessions: 1,
    before: [create],
    clients: [{ pod: 0, calls: [list] }, { pod: 1, calls: [add] }],
    faults: { outages: 1 },
  },
];
void [set, append, touch, rotate];
