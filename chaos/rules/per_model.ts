/**
 * What rules derive from a history once, and ask often.
 *
 * @module
 */

import type { Model } from "../model.ts";

/** Derives something from a model the first time that it is asked for. */
export function perModel<Value>(derive: (model: Model) => Value): (model: Model) => Value {
  const known = new WeakMap<Model, Value>();
  return (model) => {
    let value = known.get(model);
    if (value === undefined) known.set(model, value = derive(model));
    return value;
  };
}

/** As {@linkcode perModel}, for each of the names that occur in it. */
export function perName<Value>(
  derive: (model: Model, name: string) => Value,
): (model: Model, name: string) => Value {
  const valuesOf = perModel(() => new Map<string, Value>());
  return (model, name) => {
    const values = valuesOf(model);
    const known = values.get(name);
    if (known !== undefined) return known;
    const value = derive(model, name);
    values.set(name, value);
    return value;
  };
}
