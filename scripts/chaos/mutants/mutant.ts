import type { BackendName } from "../../../chaos/real/target.ts";
import { BACKENDS } from "../../../cli/chaos/arguments.ts";

/** How chaos must end on a mutant. */
export type Expectation =
  /** A guarantee is violated: by the library, or in the eyes of a checker that is broken. */
  | "violated"
  /** The run proved nothing: the mutant broke what makes the faults. */
  | "proved-nothing"
  /** It holds although a bug is in: the mutant broke the checker, which misses what it must find. */
  | "held";

/** A known bug, as a patch. */
export interface Mutant {
  readonly name: string;
  /** `G1` … `G10`; or what of chaos itself is broken: `checker`, `harness`. */
  readonly guarantee: string;
  /** Whether the library is broken, and all of chaos is as it is. */
  readonly isOfLibrary: boolean;
  /** Rules of the protocol that it breaks; none where it breaks something else. */
  readonly protocolRules: readonly string[];
  readonly backend: BackendName;
  readonly expected: Expectation;
  /** Kinds of faults to make, where a mixture of all would seldom show it. */
  readonly faults: string | undefined;
  /** Longest time of one run. */
  readonly budgetS: number;
  /** Paths of the patches: its own, and that of the bug that a broken checker misses. */
  readonly patches: readonly string[];
}

/** Folder of the patches. */
export const PATCHES = new URL("../../../tests/mutants/", import.meta.url);

const EXPECTATIONS: readonly Expectation[] = ["violated", "proved-nothing", "held"];
const FIELDS = ["guarantee", "rule", "backend", "expect", "over", "faults", "budget-s"] as const;
/** Long enough for thousands of simulated histories, the making of the failing one smaller included. */
const BUDGET_S = 20;

/** Reads what `tests/mutants` has, in the order of the names. */
export async function readMutants(folder: URL = PATCHES): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".patch")) continue;
    const text = await Deno.readTextFile(new URL(name, folder));
    mutants.push(parseMutant(name.slice(0, -".patch".length), text, folder));
  }
  return mutants.sort((a, b) => a.name < b.name ? -1 : 1);
}

/**
 * Reads a patch's first lines.
 *
 * @throws Error that says what is missing or wrong
 */
export function parseMutant(name: string, text: string, folder: URL = PATCHES): Mutant {
  const fields = readHeader(name, text);
  const wrong = (what: string) => new Error(`${name}.patch: ${what}`);
  const { guarantee, rule, backend = "memory", expect = "violated", over, faults } = fields;
  if (guarantee === undefined || !/^(G([1-9]|10)|checker|harness)$/.test(guarantee)) {
    throw wrong("its header needs a guarantee, G1 to G10, or checker, or harness");
  }
  const known = BACKENDS.find((other) => other === backend);
  if (known === undefined) throw wrong(`"${backend}" is no backend`);
  const expected = EXPECTATIONS.find((other) => other === expect);
  if (expected === undefined) throw wrong(`"# expect:" is one of ${EXPECTATIONS.join(", ")}`);
  if ((expected === "held") !== (over !== undefined)) {
    throw wrong('"# expect: held" and "# over: BUG" go together: a checker that misses that bug');
  }
  const budgetS = Number(fields["budget-s"] ?? BUDGET_S);
  if (!Number.isInteger(budgetS) || budgetS < 1) throw wrong('"# budget-s:" is a whole number');
  return {
    name,
    guarantee,
    isOfLibrary: !/^\+\+\+ b\/(?!core\/|adapters\/)/m.test(text),
    protocolRules: rule?.split(",").map((number) => number.trim()) ?? [],
    backend: known,
    expected,
    faults,
    budgetS,
    patches: [name, ...(over === undefined ? [] : [over])]
      .map((patch) => new URL(`${patch}.patch`, folder).pathname),
  };
}

type Header = Partial<Record<typeof FIELDS[number], string>>;

function readHeader(name: string, text: string): Header {
  const header: Header = {};
  const comments = /^(#.*\n)*/.exec(text)![0].split("\n").filter((line) => line !== "");
  const lines = comments.map((line) => line.replace(/^# ?/, ""));
  let isDescribed = false;
  for (const line of lines) {
    const [, key, value] = /^([a-z-]+): (\S.*)$/.exec(line) ?? [];
    const field = FIELDS.find((other) => other === key);
    if (field === undefined || value === undefined) isDescribed ||= line !== "";
    else header[field] = value.trim();
  }
  if (!isDescribed) {
    throw new Error(`${name}.patch: its header needs a line that says what it does`);
  }
  return header;
}
