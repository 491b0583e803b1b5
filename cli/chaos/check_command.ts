/**
 * `chaos check`: a recorded history, checked again.
 *
 * @module
 */

import { Command } from "commander";
import { checkHistory, type Verdict, type Violation } from "../../chaos/checker.ts";
import type { History } from "../../chaos/history.ts";
import { crossCheck } from "../../chaos/linearizability/cross_check.ts";
import type { Linearizability } from "../../chaos/linearizability/linearizability.ts";
import { buildModel } from "../../chaos/model.ts";
import { describe } from "../../chaos/rules/rule.ts";
import { readRecorded, type RecordedHistory } from "./recorded_history.ts";
import { parseCommand } from "./parse_command.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "../usage_error.ts";

/** What was found, as the exit code says it. */
const EXIT = { held: 0, violated: 1, undecided: 2 } as const;

interface CheckArguments {
  readonly file: string;
  readonly timeLimitMs: number | undefined;
}

/** `check FILE` of the program that is called `program`; the answer is the exit code. */
export async function check(
  argv: readonly string[],
  program: string,
  terminal: Terminal,
): Promise<number> {
  const args = parse(argv, `${program} check`, (text) => terminal.line(text));
  if (args === undefined) return EXIT.held;
  const recorded = await readRecorded(args.file);
  let code: number = EXIT.held;
  for (const each of recorded) code = worse(code, report(each, args, terminal));
  return code;
}

/** A violation is worse than what could not be decided. */
function worse(one: number, other: number): number {
  if (one === EXIT.violated || other === EXIT.violated) return EXIT.violated;
  return Math.max(one, other);
}

function parse(
  argv: readonly string[],
  name: string,
  print: (text: string) => void,
): CheckArguments | undefined {
  const command = new Command(name)
    .description("Checks a recorded history again; runs nothing.")
    .argument("<file>", "a history (JSON lines), or a chaos.json with the histories of violations")
    .option("--time-limit <seconds>", "longest time for one history; none if not given")
    .addHelpText("after", HELP);
  const options = parseCommand<{ timeLimit?: string }>(command, argv, print);
  if (options === undefined) return undefined;
  return { file: command.args[0]!, timeLimitMs: milliseconds(options.timeLimit) };
}

function milliseconds(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const number = Number(seconds);
  if (!(number > 0)) {
    throw new UsageError(`--time-limit is a number of seconds above 0; got "${seconds}".`);
  }
  return number * 1_000;
}

const HELP = `
A history that was cut is checked as far as it is whole, and cannot hold.
Exit codes: 0 it holds · 1 a guarantee was violated · 2 undecided, or it could not be read`;

function report(
  { name, history, cut }: RecordedHistory,
  { timeLimitMs }: CheckArguments,
  terminal: Terminal,
): number {
  if (cut !== undefined) {
    terminal.error(
      `${name}: line ${cut.line} is no event; ${events(cut.leftOut)} left out from there on. ` +
        `What stands before it is checked.`,
    );
  }
  const { verdict, linearizability, disagreement } = crossCheck(
    history,
    checkHistory(history, timeLimitMs === undefined ? {} : { timeLimitMs }),
  );
  terminal.line(`${name}: ${inWords(history, verdict)}`);
  terminal.line(`  linearizability: ${searchInWords(linearizability)}`);
  if (verdict.verdict === "violated") {
    for (const violation of verdict.violations) terminal.line(violationText(history, violation));
  }
  if (disagreement !== undefined) {
    terminal.error(`  The tool is wrong somewhere: ${disagreement}`);
    return verdict.verdict === "violated" ? EXIT.violated : EXIT.undecided;
  }
  if (verdict.verdict === "undecided") return EXIT.undecided;
  return verdict.verdict === "violated" ? EXIT.violated : EXIT.held;
}

function inWords(history: History, verdict: Verdict): string {
  const size = events(history.events.length);
  switch (verdict.verdict) {
    case "holds":
      return `holds (${size})`;
    case "violated":
      return `VIOLATED (${size}; violations shown: ${verdict.violations.length})`;
    case "undecided":
      return `undecided (${size}): ${verdict.reason}`;
  }
}

function searchInWords({ explained, violations, leftOut }: Linearizability): string {
  const { lost, tooLong, tooAmbiguous, undecided } = leftOut;
  const sessions = [
    ...[`${explained} sessions explained`, `${violations.length} not`],
    ...[`left out: ${lost} after a loss`, `${tooLong} too long`, `${tooAmbiguous} too ambiguous`],
    `${undecided} beyond a limit`,
  ];
  return sessions.join(", ");
}

function violationText(history: History, violation: Violation): string {
  const { byOp } = buildModel(history);
  const operations = [...new Set(violation.ops)].flatMap((op) => byOp.get(op) ?? []);
  return [
    `  ${violation.guarantee} ${violation.rule}: ${violation.message}`,
    ...operations.map((operation) => `    ${describe(operation)}`),
  ].join("\n");
}

function events(count: number): string {
  return `${count.toLocaleString("en")} event${count === 1 ? "" : "s"}`;
}
