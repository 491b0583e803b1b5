// What the tests of the command line share: a terminal that keeps what is written.
import { runCommand } from "../cli/program.ts";
import type { Terminal } from "../cli/terminal.ts";

/** What a command came to. */
export interface CommandResult {
  readonly code: number;
  readonly lines: readonly string[];
  readonly notes: readonly string[];
  readonly asked: readonly string[];
}

/** Options of {@linkcode command}. */
export interface CommandWorld {
  readonly env?: Readonly<Record<string, string>>;
  /** What somebody at the terminal types; without it nobody is there. */
  readonly typed?: string;
}

/** Runs a command in this process. */
export async function command(
  args: readonly string[],
  { env = {}, typed }: CommandWorld = {},
): Promise<CommandResult> {
  const [lines, notes, asked]: [string[], string[], string[]] = [[], [], []];
  const terminal: Terminal = {
    env,
    isInteractive: typed !== undefined,
    print: (line) => void lines.push(line),
    note: (line) => void notes.push(line),
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(typed ?? "");
    },
  };
  const code = await runCommand(args, terminal);
  return { code, lines, notes, asked };
}
