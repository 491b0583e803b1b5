/**
 * Session state that survives the death of the process that holds it: in memory for speed, in Redis, Valkey or
 * SQLite for truth.
 *
 * @example
 * ```ts
 * import { SessionManager } from "@hakgal/sessions";
 *
 * await using manager = await SessionManager.open({ backend: "memory", ttlMs: 3_600_000 });
 * const acme = manager.tenant("acme");
 * await acme.getOrCreate("user-42", { plan: "free" });
 * console.assert(await acme.increment("user-42", "tx_count_1h") === 1);
 * ```
 *
 * @module
 */

export { type Backend, type OpenOptions, SessionManager } from "./adapters/open.ts";
export { type AclOptions, managerAclRules, tenantAclRules } from "./adapters/redis/acl.ts";
export type {
  Credentials,
  CredentialsOf,
  TenantConnectionOptions,
  TlsOptions,
} from "./adapters/redis/options.ts";
export type {
  CallSettings,
  Changes,
  ContextPatch,
  GetSettings,
  ListedSession,
  RecoverSettings,
  Vector,
} from "./core/session_api.ts";
export { TenantSessions } from "./core/tenant_sessions.ts";
export { type AnyContext, Session } from "./core/session.ts";
export {
  BaseSessionManager,
  type CloseOptions,
  type FlushOptions,
  type ManagerStatus,
} from "./core/session_manager.ts";
export type { AuditLevel, AuditOptions, AuditSink } from "./core/audit.ts";
export type {
  AuditAt,
  AuditHead,
  AuditLog,
  OpenedAudit,
  SealedLine,
  TornTail,
} from "./core/audit_log.ts";
export type { AuditRecord } from "./core/audit_record.ts";
export {
  type AuditFile,
  type AuditFinding,
  type AuditVerdict,
  verifyAudit,
  type VerifyAuditOptions,
} from "./core/audit_verify.ts";
export type { CacheOptions, JournalOptions, ManagerOptions } from "./core/options.ts";
export type {
  JournalAt,
  JournalContents,
  JournalDamage,
  JournalStore,
} from "./core/journal_store.ts";
export type {
  RecoverLikeSettings,
  RolloutOptions,
  SessionLike,
  SessionsLike,
} from "./core/rollout.ts";
export type { Limits } from "./core/limits.ts";
export type {
  Logger,
  LostReason,
  RejectedReason,
  SessionEvent,
  SessionEvents,
  UnrecoveredReason,
} from "./core/events.ts";
export type * from "./core/observer.ts";
export { type Clock, systemClock, type Timer } from "./core/clock.ts";
export type { ContextSchema, SchemaIssue, SchemaResult } from "./core/schema.ts";
export type { Random } from "./core/random.ts";
export {
  ConfigError,
  CorruptRecordError,
  InvalidInputError,
  JournalFullError,
  ManagerClosedError,
  NotEnrolledError,
  type NotFoundReason,
  SessionError,
  SessionExistsError,
  SessionNotFoundError,
  StoreRejectedError,
  StoreUnavailableError,
  type UnkeptWrite,
  UnkeptWritesError,
} from "./core/errors.ts";

// For those who write an adapter: docs/adapter.md.
export type * from "./core/storage_adapter.ts";
export { commit, type CommitResult } from "./core/commit.ts";
export { load, type ReadableCursor } from "./core/load.ts";
export { heal } from "./core/heal.ts";
export { FORMAT_VERSION, type RecordCursor, type RecordMeta, slotsByAge } from "./core/record.ts";
