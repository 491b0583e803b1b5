/**
 * `--faults list`.
 *
 * @module
 */

import { FAULT_KINDS } from "../../chaos/fault_kinds.ts";

/** The kinds of faults, a line each. */
export function faultLines(): string[] {
  return FAULT_KINDS.map(({ kind, guarantee, effect, stores }) => {
    const where = stores.join(", ");
    return `${kind.padEnd(18)} ${guarantee.padEnd(3)}  ${where.padEnd(22)}  ${effect}`;
  });
}
