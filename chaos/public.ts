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
} from "../mod.ts";
