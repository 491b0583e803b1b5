/**
 * `stats`: how many sessions there are, and whose.
 *
 * @module
 */

import type { Command } from "commander";
import type { ListedRecord } from "../core/storage_adapter.ts";
import { checkTenant } from "../core/validation.ts";
import { addOptions, type CommandContext, type GlobalOptions } from "./command_context.ts";
import { withStore } from "./connection.ts";
import { duration } from "./text.ts";

interface StatsOptions extends GlobalOptions {
  readonly tenant?: string;
}

/** What is told of a tenant's sessions. */
interface TenantStats {
  sessions: number;
  /** Commits to the sessions that live. */
  versions: number;
  oldestCreatedAt: string;
  nextExpiryInMs: number;
}

/** Adds the command. */
export function addStats(program: Command, context: CommandContext): void {
  addOptions(program.command("stats"))
    .description("Counts the live sessions by tenant. Reads every key of the store.")
    .option("--tenant <name>", "of one tenant alone")
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<StatsOptions>();
      await withStore(options, context.terminal, async ({ adapter, keys, keyPrefix, server }) => {
        const prefix = options.tenant === undefined
          ? `${keyPrefix}:tenant:`
          : keys.sessionPrefix(checkTenant(options.tenant));
        const tenants: Record<string, TenantStats> = {};
        const seen = new Set<string>();
        for await (const record of adapter.list(prefix, { timeoutMs: 5_000 })) {
          // A store may name one twice.
          if (seen.has(record.key)) continue;
          seen.add(record.key);
          const tenant = keys.tenantOf(record.key);
          if (tenant !== undefined) tenants[tenant] = counted(tenants[tenant], record);
        }
        const sessions = Object.values(tenants).reduce((sum, each) => sum + each.sessions, 0);
        const stats = { server, keyPrefix, sessions, tenants };
        context.answer(options, stats, () => describe(stats));
      });
    });
}

function counted(stats: TenantStats | undefined, record: ListedRecord): TenantStats {
  const { sessions = 0, versions = 0, oldestCreatedAt, nextExpiryInMs = Infinity } = stats ?? {};
  const createdAt = new Date(record.createdAtMs).toISOString();
  return {
    sessions: sessions + 1,
    versions: versions + record.version,
    oldestCreatedAt: oldestCreatedAt !== undefined && oldestCreatedAt < createdAt
      ? oldestCreatedAt
      : createdAt,
    nextExpiryInMs: Math.min(nextExpiryInMs, record.expiresInMs),
  };
}

function describe(
  { server, sessions, tenants }: {
    readonly server: string;
    readonly sessions: number;
    readonly tenants: Readonly<Record<string, TenantStats>>;
  },
): string {
  const names = Object.keys(tenants).sort();
  const width = Math.max(0, ...names.map((name) => name.length));
  return [
    `${server}: ${sessions} live sessions of ${names.length} tenants`,
    ...names.map((name) => {
      const { sessions, oldestCreatedAt, nextExpiryInMs } = tenants[name]!;
      return `${
        name.padEnd(width)
      }  ${sessions} sessions, the oldest of ${oldestCreatedAt}, the next expires in ` +
        duration(nextExpiryInMs);
    }),
  ].join("\n");
}
