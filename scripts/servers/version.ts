import { run } from "./run.ts";

export interface ProductVersion {
  readonly product: "redis" | "valkey";
  readonly version: string;
  readonly major: number;
}

/** Runs a server program once with `--version`; throws an Error that says why it is of no use. */
export async function productVersion(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProductVersion> {
  const shown = command.join(" ");
  let result;
  try {
    result = await run([...command, "--version"], { env });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot run "${shown}": ${reason}`, { cause: error });
  }
  const text = `${result.stdout}\n${result.stderr}`.trim();
  if (result.code !== 0) {
    throw new Error(`"${shown} --version" ended with code ${result.code}: ${text}`);
  }
  const match = /\b(Redis|Valkey) server v=((\d+)\.\d+\.\d+)/.exec(text);
  if (match === null) {
    throw new Error(`"${shown}" is no Redis or Valkey server; to --version it answers: ${text}`);
  }
  return {
    product: match[1] === "Valkey" ? "valkey" : "redis",
    version: match[2]!,
    major: Number(match[3]),
  };
}
