// The alerts fire when they are to, and only then: promtool's unit tests, and that each alert is tested both ways.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { run } from "../scripts/servers/run.ts";
import { monitoringTools } from "./support/monitoring.ts";

const RULES = "observability/alerts/hakgal_sessions.yml";
const TESTS = "tests/alerts/hakgal_sessions.yml";

async function promtool(...args: string[]): Promise<{ code: number; said: string }> {
  const { promtool } = await monitoringTools();
  const { code, stdout, stderr } = await run([promtool, ...args]);
  return { code, said: stdout + stderr };
}

Deno.test("promtool accepts the rules, and their unit tests pass", async () => {
  const check = await promtool("check", "rules", RULES);
  assertEquals(check.code, 0, check.said);
  assertMatch(check.said, /SUCCESS: 7 rules found/);
  const tests = await promtool("test", "rules", TESTS);
  assertEquals(tests.code, 0, tests.said);
  // deno-lint-ignore no-console -- the output that is asked for
  console.log((check.said + tests.said).trim());
});

Deno.test("an alert that never fires, and one that always does, fails its unit tests", async () => {
  const rules = await Deno.readTextFile(RULES);
  const tests = await Deno.readTextFile(TESTS);
  const folder = await Deno.makeTempDir({ prefix: "hakgal-alerts-" });
  try {
    await Promise.all(
      alertsOf(rules).flatMap((alert) =>
        ["vector(1) > 2", "vector(1) > 0"].map(async (expr, index) => {
          const own = `${folder}/${alert}-${index}`;
          await Deno.mkdir(own);
          await Deno.writeTextFile(`${own}/rules.yml`, withExpression(rules, alert, expr));
          await Deno.writeTextFile(
            `${own}/tests.yml`,
            tests.replace(`../../${RULES}`, "rules.yml"),
          );
          const { code, said } = await promtool("test", "rules", `${own}/tests.yml`);
          assert(code !== 0 && said.includes(`alertname: ${alert}`), `${alert}, ${expr}: ${said}`);
        })
      ),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("each alert has a runbook", async () => {
  const rules = await Deno.readTextFile(RULES);
  const operations = await Deno.readTextFile("docs/operations.md");
  for (const alert of alertsOf(rules)) {
    assert(operations.includes(`\n### ${alert}\n`), `docs/operations.md says nothing of ${alert}`);
    assert(rules.includes(`runbook: docs/operations.md#${alert.toLowerCase()}`), alert);
  }
});

function alertsOf(rules: string): string[] {
  return [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
}

/** The rules, one alert's expression replaced. */
function withExpression(rules: string, alert: string, expr: string): string {
  const start = rules.indexOf(`- alert: ${alert}\n`);
  const from = rules.indexOf("        expr:", start);
  const to = /\n {8}\w/.exec(rules.slice(from + 1))!.index + from + 1;
  return `${rules.slice(0, from)}        expr: ${expr}${rules.slice(to)}`;
}
