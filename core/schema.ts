/**
 * Validation of contexts by the user's own schema.
 *
 * @module
 */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { parseContext } from "./session.ts";

/** What a schema has against a stored context; undefined when nothing. */
export async function schemaIssues(
  schema: StandardSchemaV1,
  context: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const result = await schema["~standard"].validate(parseContext(context));
  return result.issues && describe(result.issues);
}

function describe(issues: readonly StandardSchemaV1.Issue[]): string {
  return issues.slice(0, 5).map(({ path, message }) => {
    const steps = path?.map((step) => String(typeof step === "object" ? step.key : step)) ?? [];
    return steps.length === 0 ? message : `${steps.join(".")}: ${message}`;
  }).join("; ");
}
