/**
 * How pods log in to a server that the runner has started.
 *
 * @module
 */

/** The user that pods are. */
export const POD_LOGIN = { username: "pod", password: "as-it-was" } as const;

/**
 * The users of a server that is started for pods, in the syntax of `ACL SETUSER`. The default one may do everything: it
 * is who a server replays its append-only file as, and what a script wrote that this user may not write is lost then
 * without a word (redis/redis#14541, valkey-io/valkey#3983).
 */
export const POD_ACL: readonly string[] = [
  "default on nopass ~* &* +@all",
  `${POD_LOGIN.username} on >${POD_LOGIN.password} ~* &* +@all`,
];
