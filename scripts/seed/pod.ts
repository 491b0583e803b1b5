/**
 * A process that writes the story, and then waits to be killed: `pod.ts KEY_PREFIX SESSIONS`. The environment
 * says where the store is.
 *
 * @module
 */

import { SessionManager } from "../../mod.ts";
import { print, printError } from "../print.ts";
import { storyOptions } from "./run.ts";
import { writeStory } from "./story.ts";

const [keyPrefix = "", sessions = ""] = Deno.args;
try {
  const manager = await SessionManager.open(storyOptions(keyPrefix));
  print(`open ${manager.podId}`);
  await writeStory(manager, Number(sessions));
  print("written");
  // Ends with whoever started it, should he die without killing it.
  for await (const _ of Deno.stdin.readable) { /* Nobody writes. */ }
  Deno.exit(1);
} catch (error) {
  printError(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  Deno.exit(1);
}
