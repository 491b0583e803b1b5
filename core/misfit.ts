/**
 * What a caller is told when an operation does not fit the session's state.
 *
 * @module
 */

import { InvalidInputError } from "./errors.ts";
import type { InvalidReply, Operation } from "./storage_adapter.ts";

/** The error for the operation that a batch was refused for. */
export function misfitError(
  { operation: index, reason, size, limit }: Pick<
    InvalidReply,
    "operation" | "reason" | "size" | "limit"
  >,
  operations: readonly Operation[],
): InvalidInputError {
  const operation = operations[index];
  const field = operation && "field" in operation ? operation.field : "session";
  switch (reason) {
    case "not-a-number":
      return new InvalidInputError(field, `"${field}" is not a number, so it has no increment.`);
    case "not-finite":
      return new InvalidInputError(field, `"${field}" would become too large for a number.`);
    case "too-many-fields":
      return new InvalidInputError(
        field,
        `A context has at most ${limit} fields; "${field}" would be number ${size}.`,
        { limit, size },
      );
    case "session-too-large":
      return new InvalidInputError(
        field,
        `A session has at most ${limit} bytes; it would have ${size}.`,
        { limit, size },
      );
    case "wrong-dimension":
      return new InvalidInputError(
        "vector",
        `The trajectory's vectors have ${limit} numbers; this one has ${size}.`,
        { limit, size },
      );
  }
}
