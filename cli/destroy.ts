/**
 * `destroy`: ends sessions for good.
 *
 * @module
 */

import type { Command } from "commander";
import {
  addOptions,
  type CommandContext,
  EXIT_CODES,
  type GlobalOptions,
} from "./command_context.ts";
import { withStore } from "./connection.ts";
import { withoutSecret } from "./text.ts";
import { UsageError } from "./usage_error.ts";

interface DestroyOptions extends GlobalOptions {
  readonly tenant: string;
  readonly hashed?: boolean;
  readonly yes?: boolean;
}

/** Adds the command. */
export function addDestroy(program: Command, context: CommandContext): void {
  addOptions(program.command("destroy"))
    .description("Destroys sessions for good, on every pod. Asks before, unless it is told --yes.")
    .argument("<ids...>", "the sessions' ids")
    .requiredOption("--tenant <name>", "whose sessions")
    .option("--hashed", "the ids are hashed ones, as list and the audit log tell them")
    .option("--yes", "do not ask")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DestroyOptions>();
      if (await isWanted(ids, options, context)) return await destroy(ids, options, context);
      context.terminal.note("Nothing was destroyed.");
      context.exitCode = EXIT_CODES.no;
    });
}

async function isWanted(
  ids: readonly string[],
  { tenant, yes }: DestroyOptions,
  { terminal }: CommandContext,
): Promise<boolean> {
  if (yes) return true;
  if (!terminal.isInteractive) {
    throw new UsageError("Destroying asks first, and nobody is there to be asked: add --yes.");
  }
  const what = ids.length === 1 ? "this session" : `these ${ids.length} sessions`;
  const answer = await terminal.ask(`Destroy ${what} of tenant "${tenant}" for good? [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

async function destroy(
  ids: readonly string[],
  options: DestroyOptions,
  context: CommandContext,
): Promise<void> {
  const { tenant, hashed } = options;
  await withStore(options, context.terminal, async ({ manager, keys }) => {
    const sessions = manager.tenant(tenant);
    for (const id of ids) {
      const destroyed = await sessions.destroy(id);
      const hashedId = hashed ? id : keys.session(tenant, id).hashedId;
      const text = `${hashedId}  ${destroyed ? "destroyed" : "was not there"}`;
      context.answer(options, { tenant, hashedId, destroyed }, () => text);
      if (destroyed) continue;
      context.exitCode = EXIT_CODES.no;
      const hint = withoutSecret(options, context);
      if (hint) context.terminal.note(hint.trim());
    }
  }, hashed ? { tenant, hashedIds: ids } : undefined);
}
