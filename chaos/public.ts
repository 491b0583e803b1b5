/**
 * What the kit knows of the library: its public names, and nothing behind them.
 *
 * @module
 */

export type {
  AdoptedState,
  AppliedReply,
  CommitBatch,
  CommitReply,
  HealReply,
  HealRequest,
  HeartbeatOptions,
  HeartbeatReply,
  Holder,
  Identity,
  InboxListener,
  Invalidation,
  ListedRecord,
  LoadReply,
  LoadRequest,
  Moving,
  Operation,
  SessionState,
  StateLimits,
  StorageAdapter,
  WriterEntry,
} from "../mod.ts";
