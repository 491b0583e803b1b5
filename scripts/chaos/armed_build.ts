/**
 * The build in which core's failpoints are armed: the same import map, with another module in one place.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** Options of `deno run` that arm the failpoints of what it runs. */
export async function armedOptions(): Promise<string[]> {
  const config: { imports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const imports: Record<string, string> = {};
  for (const [name, to] of Object.entries(config.imports)) {
    imports[name] = to.startsWith("./") ? new URL(to, ROOT).href : to;
  }
  imports[new URL("core/failpoint.ts", ROOT).href] =
    new URL("./armed_failpoint.ts", import.meta.url).href;
  const map = encodeURIComponent(JSON.stringify({ imports }));
  return [`--import-map=data:application/json,${map}`];
}
