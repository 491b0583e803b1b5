/**
 * `acl`: the rules that a user of the server needs.
 *
 * @module
 */

import type { Command } from "commander";
import { type AclOptions, managerAclRules, tenantAclRules } from "../adapters/redis/acl.ts";
import { addOptions, type CommandContext, type GlobalOptions } from "./command_context.ts";
import { UsageError } from "./usage_error.ts";

interface AclCommandOptions extends GlobalOptions {
  readonly tenant?: string;
  readonly manager?: boolean;
  readonly database?: string;
}

const BACKENDS = ["ioredis", "node-redis", "valkey-glide"];

/** Adds the command. */
export function addAcl(program: Command, context: CommandContext): void {
  addOptions(program.command("acl"))
    .description(
      "Tells the rules of a user of Redis 7, Redis 8 or Valkey 8, as tokens for ACL SETUSER. No server is asked.",
    )
    .option(
      "--tenant <name>",
      "of the user that serves this tenant's sessions (option credentials)",
    )
    .option("--manager", "of the user that writes heartbeats and lists, beside tenants' own")
    .option("--database <number>", "the database that the URL names")
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<AclCommandOptions>();
      const { tenant, manager = false } = options;
      if ((tenant === undefined) !== manager) {
        throw new UsageError(
          'Say whose rules: --tenant NAME or --manager, e.g. "hakgal-sessions acl --tenant acme".',
        );
      }
      const rules = tenant === undefined
        ? managerAclRules(aclOptions(options))
        : tenantAclRules(tenant, aclOptions(options));
      const result = tenant === undefined ? { rules } : { tenant, rules };
      context.answer(options, result, () => rules.join(" "));
    });
}

function aclOptions({ keyPrefix, database, backend }: AclCommandOptions): AclOptions {
  if (backend !== undefined && !BACKENDS.includes(backend)) {
    throw new UsageError(`--backend is ${BACKENDS.join(", ")}; got ${JSON.stringify(backend)}.`);
  }
  if (database !== undefined && !/^\d{1,9}$/.test(database)) {
    throw new UsageError(
      `--database is a whole number from 0; got ${JSON.stringify(database)}.`,
    );
  }
  return {
    ...(keyPrefix !== undefined && { keyPrefix }),
    ...(database !== undefined && { database: Number(database) }),
    ...(backend !== undefined && { backend: backend as NonNullable<AclOptions["backend"]> }),
  };
}
