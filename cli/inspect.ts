/**
 * `inspect`: one session, as the store has it.
 *
 * @module
 */

import type { Command } from "commander";
import type { Session } from "../core/session.ts";
import {
  addOptions,
  type CommandContext,
  EXIT_CODES,
  type GlobalOptions,
} from "./command_context.ts";
import { withStore } from "./connection.ts";
import { duration, withoutSecret } from "./text.ts";

interface InspectOptions extends GlobalOptions {
  readonly tenant: string;
  readonly hashed?: boolean;
}

/** Adds the command. */
export function addInspect(program: Command, context: CommandContext): void {
  addOptions(program.command("inspect"))
    .description("Shows a session as the store has it. Its time is not renewed.")
    .argument("<id>", "the session's id")
    .requiredOption("--tenant <name>", "whose session")
    .option("--hashed", "the id is a hashed one, as list and the audit log tell it")
    .action(async (id: string, _options: unknown, command: Command) => {
      await inspect(id, command.optsWithGlobals(), context);
    });
}

async function inspect(
  id: string,
  options: InspectOptions,
  context: CommandContext,
): Promise<void> {
  const { tenant, hashed } = options;
  await withStore(options, context.terminal, async ({ manager, keys }) => {
    const session = await manager.tenant(tenant).loadFromStore(id);
    const hashedId = hashed ? id : keys.session(tenant, id).hashedId;
    if (session) {
      const { id: _, degraded: _degraded, pending: _pending, ...rest } = session.toJSON();
      return context.answer(
        options,
        { tenant, hashedId, ...rest },
        () => describe(session, hashedId),
      );
    }
    context.exitCode = EXIT_CODES.no;
    context.terminal.note(
      `Tenant "${tenant}" has no such session.${withoutSecret(options, context)}`,
    );
  }, hashed ? { tenant, hashedIds: [id] } : undefined);
}

function describe(session: Session, hashedId: string): string {
  const { tenant, version, createdAt, expiresInMs, trajectory, context } = session;
  const dimension = trajectory[0] ? ` of ${trajectory[0].length} numbers` : "";
  return [
    `tenant      ${tenant}`,
    `hashed id   ${hashedId}`,
    `version     ${version}`,
    `created     ${createdAt.toISOString()}`,
    `expires in  ${duration(expiresInMs)}`,
    `trajectory  ${trajectory.length} vectors${dimension}`,
    `context     ${JSON.stringify(context, null, 2).replaceAll("\n", "\n            ")}`,
  ].join("\n");
}
