/**
 * What a command knows of the world around it.
 *
 * @module
 */

/** Where a command writes, and whom it asks. */
export interface Terminal {
  /** Variables by name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether somebody is there to be asked. */
  readonly isInteractive: boolean;
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes a line about the result. */
  note(line: string): void;
  /** Asks, and answers what was typed. */
  ask(question: string): Promise<string>;
}
