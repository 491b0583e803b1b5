/**
 * `deno task check`: format, lint, types, documentation and a dry run of publishing.
 *
 * @module
 */

import { Command } from "commander";
import { runSteps, type Step } from "./steps.ts";

/** The modules that users import. */
async function entryPoints(): Promise<string[]> {
  const config = await Deno.readTextFile(new URL("../deno.json", import.meta.url));
  const { exports }: { exports: Record<string, string> } = JSON.parse(config);
  return Object.values(exports);
}

const STEPS: readonly Step[] = [
  { name: "format", command: ["fmt", "--check", "--quiet"], advice: "Run: deno fmt" },
  { name: "lint", command: ["lint", "--quiet"], advice: "See the messages above." },
  { name: "types", command: ["check", "--quiet", "."], advice: "See the messages above." },
  {
    name: "documentation",
    // All at once: what one entry point exports, another one may refer to.
    command: ["doc", "--lint", ...await entryPoints()],
    advice: "Every public symbol has a doc comment, and every type that it refers to is exported.",
  },
  {
    name: "publish (dry run)",
    command: ["publish", "--dry-run", "--allow-dirty", "--quiet"],
    advice: "See the messages above: usually a public type that is not written out.",
  },
];

new Command("deno task check")
  .description("Checks format, lint, types, documentation, and that the package can be published.")
  .action(async () => {
    const { failed } = await runSteps(STEPS);
    Deno.exitCode = failed === 0 ? 0 : 1;
  })
  .parse(Deno.args, { from: "user" });
