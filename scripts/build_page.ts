/**
 * `deno task build:page`: puts the script and the style of the chaos report's page into the module that is published.
 *
 * @module
 */

import { Command } from "commander";
import { ASSETS, pageAssets } from "./report_page/assets.ts";
import { print } from "./print.ts";

new Command("deno task build:page")
  .description("Makes chaos/report/page_assets.ts of what is in scripts/report_page.")
  .action(async () => {
    const text = await pageAssets();
    await Deno.writeTextFile(ASSETS, text);
    print(`${ASSETS.pathname}: ${Math.ceil(text.length / 1_024)} KiB`);
  })
  .parse(Deno.args, { from: "user" });
