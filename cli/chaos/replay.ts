/**
 * The command that shows a violation again.
 *
 * @module
 */

import type { Finding } from "../../chaos/campaign_result.ts";
import type { Target } from "../../chaos/real/target.ts";
import type { RunArguments } from "./arguments.ts";

/** The command line, for whoever calls the command `program`. A server's password is left out: it is not for logs. */
export function replayCommand(
  program: string,
  target: Target,
  args: Pick<RunArguments, "faults" | "profile">,
  { seed, path, entry }: Pick<Finding, "seed" | "path" | "entry">,
): string {
  const { store } = target;
  const server = store.kind === "redis-url" ? withoutPassword(store.url) : target.server;
  return [
    `${program} --backend ${target.backend}`,
    server === null ? "" : ` --server ${server}`,
    ...(entry === undefined ? repeated(args, seed, path) : [` --case ${entry}`]),
  ].join("");
}

function withoutPassword(server: string): string {
  const url = new URL(server);
  if (url.password !== "") url.password = "***";
  return url.href;
}

function repeated(
  { faults, profile }: Pick<RunArguments, "faults" | "profile">,
  seed: number,
  path: string,
): string[] {
  return [
    faults === undefined ? "" : ` --faults ${faults.join(",") || "none"}`,
    profile === undefined ? "" : ` --profile ${profile}`,
    ` --seed ${seed} --path ${path} --runs 1`,
  ];
}
