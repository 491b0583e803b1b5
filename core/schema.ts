/**
 * Validation of contexts by the user's own schema.
 *
 * @module
 */

import { InvalidInputError } from "./errors.ts";
import { parseContext } from "./session.ts";

/**
 * A schema that validates contexts: any Standard Schema (version 1), as zod, valibot and arktype make them.
 * See https://standardschema.dev.
 */
export interface ContextSchema<Context> {
  /** The interface that all such schemas share. */
  readonly "~standard": {
    /** Version of the interface. */
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    /** Accepts a value, or says what is wrong with it. */
    readonly validate: (value: unknown) => SchemaResult<Context> | Promise<SchemaResult<Context>>;
  };
}

/** What a schema answers. */
export type SchemaResult<Context> =
  | { readonly value: Context; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** Something that a schema has against a value. */
export interface SchemaIssue {
  /** For people. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema has against a stored context; undefined when nothing. */
export async function schemaIssues<Context>(
  schema: ContextSchema<Context>,
  context: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const { issues } = await schema["~standard"].validate(parseContext(context));
  return issues && describe(issues);
}

function describe(issues: readonly SchemaIssue[]): string {
  return issues.slice(0, 5).map(({ path, message }) => {
    const steps = path?.map((step) => String(typeof step === "object" ? step.key : step)) ?? [];
    return steps.length === 0 ? message : `${steps.join(".")}: ${message}`;
  }).join("; ");
}

/** Refuses a context that does not fit; `field` names the argument that it came by. */
export async function checkSchema<Context extends object>(
  schema: ContextSchema<Context> | undefined,
  field: string,
  context: ReadonlyMap<string, string>,
): Promise<void> {
  const issues = schema && await schemaIssues(schema, context);
  if (issues) throw new InvalidInputError(field, `The context does not fit the schema: ${issues}`);
}
