// The examples do what they say, as processes of their own.
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { linesOf } from "../scripts/lines.ts";
import { pickPort } from "../scripts/servers/ports.ts";

const GRACEFUL = fileURLToPath(new URL("../examples/graceful_shutdown.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly answers: readonly string[];
  readonly complaints: string;
}

/** Sends two requests to the example, and ends it as a platform does. */
async function serveAndEnd(environment: Readonly<Record<string, string>>): Promise<Ended> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", GRACEFUL],
    env: environment,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaints = new Response(process.stderr).text();
  const answers: string[] = [];
  try {
    for await (const line of linesOf(process.stdout)) {
      if (!line.startsWith("http://")) continue;
      for (let request = 0; request < 2; request++) answers.push(await (await fetch(line)).text());
      process.kill("SIGTERM");
    }
  } finally {
    if (answers.length < 2) process.kill("SIGKILL");
  }
  const { code } = await process.status;
  return { code, answers, complaints: await complaints };
}

Deno.test("on SIGTERM the example ends by itself, with everything in its store", async () => {
  const { code, answers, complaints } = await serveAndEnd({ HAKGAL_SESSION_BACKEND: "memory" });
  assertEquals([code, answers], [0, ["user-42: 1\n", "user-42: 2\n"]], complaints);
});

Deno.test("without its store the example serves on, and on SIGTERM says what is lost with it", async () => {
  const { code, answers, complaints } = await serveAndEnd({
    HAKGAL_SESSION_BACKEND: "ioredis",
    HAKGAL_SESSION_URL: `redis://127.0.0.1:${await pickPort()}`,
  });
  assertEquals(answers, ["user-42: 1\n", "user-42: 2\n"], complaints);
  assertEquals(code, 1);
  assertMatch(complaints, /3 accepted write\(s\) of 1 session\(s\) are not in the store/);
  assertStringIncludes(complaints, "journaled");
});
