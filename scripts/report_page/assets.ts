/** The module that has the page's script and style as texts: it can be loaded from anywhere. */
export const ASSETS: URL = new URL("../../chaos/report/page_assets.ts", import.meta.url);

/** What that module has to be. */
export async function pageAssets(): Promise<string> {
  return await formatted(
    `// Made by \`deno task build:page\` of scripts/report_page: change it there.

/** The page's style. */
export const PAGE_STYLE: string =
  ${JSON.stringify(await style())};

/** The page's script. */
export const PAGE_SCRIPT: string =
  ${JSON.stringify(await bundle())};
`,
  );
}

async function formatted(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext=ts", "--line-width=100", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
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
    args: ["bundle", "--quiet", "--minify", "--platform=browser", "--format=iife", main.pathname],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`The page's script cannot be bundled: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
