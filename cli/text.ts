/**
 * Numbers and times, as people write and read them.
 *
 * @module
 */

import type { CommandContext, GlobalOptions } from "./command_context.ts";
import { UsageError } from "./usage_error.ts";

/** Reads an option that is a whole number of at least 1. */
export function wholeNumber(option: string): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= 1 && Number.isSafeInteger(number)) return number;
    throw new UsageError(`${option} is a whole number of at least 1; got ${JSON.stringify(text)}.`);
  };
}

/** Reads an option that is a number above 0. */
export function positiveNumber(option: string): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (text.trim() !== "" && Number.isFinite(number) && number > 0) return number;
    throw new UsageError(`${option} is a number above 0; got ${JSON.stringify(text)}.`);
  };
}

/** A span of time in its two largest units. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours} h ${minutes % 60} min`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** What to say of an id that was not found, when it may have been hashed otherwise. */
export function withoutSecret(
  options: GlobalOptions & { readonly hashed?: boolean },
  { terminal }: CommandContext,
): string {
  const secret = options.idSecret ?? terminal.env.HAKGAL_SESSION_ID_SECRET;
  if (secret || options.hashed) return "";
  return " Its id was hashed without a secret: if the managers have an idSecret, set HAKGAL_SESSION_ID_SECRET.";
}
