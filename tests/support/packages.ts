/**
 * What must not be in a package.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";

const NOT_FOR_USERS =
  /\.patch$|(^|\/)(mutants?|armed_\w+)[/._]|(^|\/)(tests?|bench|examples)\/|^scripts\/|_test\./;

/** Files that a package must have, so that an empty list is no good one. */
const PLACES = [
  ...["mod", "core/commit", "core/failpoint", "adapters/redis/decide_lua", "chaos/checker"],
  // Started in a process of its own, and imported by nobody.
  "chaos/real/pod_main",
];

/** By this name an armed failpoint tells whoever listens; chaos/failpoints.ts is who listens. */
const ARMED = "@hakgal/sessions/failpoints";
const LISTENER = /^chaos\/failpoints\.(ts|js|js\.map)$/;
/** That the failpoint of the packages does nothing. */
const DISARMED =
  /export function failpoint\(_place(: Failpoint)?, _pod(: string)?\)(: void)? ?\{ ?\}/;

/** Throws when a package holds what exists only to break the library, or to test it; `extension` is its modules'. */
export async function checkForUsersAlone(
  files: readonly string[],
  extension: "ts" | "js",
  read: (file: string) => Promise<string>,
): Promise<void> {
  for (const place of PLACES) {
    assert(files.includes(`${place}.${extension}`), `it lacks ${place}`);
  }
  assertEquals(files.filter((file) => NOT_FOR_USERS.test(file)), []);
  const armed: string[] = [];
  for (const file of files.filter((file) => /\.(ts|js|map)$/.test(file))) {
    if (!LISTENER.test(file) && (await read(file)).includes(ARMED)) armed.push(file);
  }
  assertEquals(armed, [], "an armed failpoint");
  const failpoint = await read(`core/failpoint.${extension}`);
  assert(DISARMED.test(failpoint), "the failpoint does something");
}
