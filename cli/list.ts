/**
 * `list`: the live sessions of a tenant.
 *
 * @module
 */

import type { Command } from "commander";
import { addOptions, type CommandContext, type GlobalOptions } from "./command_context.ts";
import { withStore } from "./connection.ts";
import { duration, wholeNumber } from "./text.ts";

interface ListOptions extends GlobalOptions {
  readonly tenant: string;
  readonly limit?: number;
}

/** Adds the command. */
export function addList(program: Command, { terminal }: CommandContext): void {
  addOptions(program.command("list"))
    .description("Lists the live sessions of a tenant, by hashed id. Reads every key of the store.")
    .requiredOption("--tenant <name>", "whose sessions")
    .option("--limit <n>", "ends after so many", wholeNumber("--limit"))
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      await withStore(options, terminal, async ({ manager }) => {
        const limit = options.limit ?? Infinity;
        const listed = new Set<string>();
        for await (const session of manager.tenant(options.tenant).list()) {
          const { hashedId, version, createdAt, expiresInMs } = session;
          // A store may name one twice.
          if (listed.has(hashedId)) continue;
          if (listed.size >= limit) break;
          listed.add(hashedId);
          terminal.print(
            options.json
              ? JSON.stringify({ tenant: options.tenant, ...session })
              : `${hashedId}  version ${version}  created ${createdAt.toISOString()}  ` +
                `expires in ${duration(expiresInMs)}`,
          );
        }
      });
    });
}
