/** The module that has the page's script and style as texts: it can be loaded from anywhere. */
export const ASSETS: URL = new URL("../../chaos/report/page_assets.ts", import.meta.url);

/** What that module has to be. */
export async function pageAssets(): Promise<string> {
  return `// Made by \`deno task build:page\` of scripts/report_page: change it there.

/** The page's style. */
export const PAGE_STYLE: string = \`
${literal(await style())}\`;

/** The page's script. */
export const PAGE_SCRIPT: string = \`
${literal(await bundle())}\`;
`;
}

/** The style's parts, in the order of their names. */
async function style(): Promise<string> {
  const folder = new URL("style/", import.meta.url);
  const names = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  const parts = await Promise.all(names.map((name) => Deno.readTextFile(new URL(name, folder))));
  return parts.join("\n");
}

async function bundle(): Promise<string> {
  const main = new URL("main.ts", import.meta.url);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=browser", "--format=iife", main.pathname],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`The page's script cannot be bundled: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** A text as it stands in a template literal. */
function literal(text: string): string {
  return text.replaceAll(/[\\`]|\$\{/g, (special) => `\\${special}`);
}
