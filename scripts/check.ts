/**
 * `deno task check`: format, lint, types, documentation and a dry run of publishing.
 *
 * @module
 */

import { Command } from "commander";
import { runSteps, type Step } from "./steps.ts";

const STEPS: readonly Step[] = [
  { name: "format", command: ["fmt", "--check", "--quiet"], advice: "Run: deno fmt" },
  { name: "lint", command: ["lint", "--quiet"], advice: "See the messages above." },
  { name: "types", command: ["check", "--quiet", "."], advice: "See the messages above." },
  {
    name: "documentation",
    command: [
      "doc",
      "--lint",
      "mod.ts",
      "chaos/conformance.ts",
      "observability/gate.ts",
      "observability/prometheus.ts",
      "observability/opentelemetry.ts",
    ],
    advice: "Every public symbol has a doc comment.",
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
