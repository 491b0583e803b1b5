/**
 * The runtimes that the package is tried on, each from npm.
 *
 * @module
 */

import { run, type RunResult, which } from "../servers/run.ts";

/** A runtime that can install packages and run modules. */
export interface Runtime {
  readonly name: string;
  /** Runs a module of the folder, with arguments. */
  run(folder: string, module: string, ...args: string[]): Promise<RunResult>;
  /**
   * Adds packages to the folder by the package manager that the runtime's users have. Isolated: a package finds those
   * that it names itself, and none that they brought along.
   */
  install(folder: string, packages: readonly string[], isolated: boolean): Promise<RunResult>;
}

/** What `deno task test:packages` knows by name. */
export const RUNTIME_NAMES = ["node20", "node22", "node24", "bun", "deno"] as const;

/** One of {@linkcode RUNTIME_NAMES}. */
export type RuntimeName = typeof RUNTIME_NAMES[number];

const ARCH = Deno.build.arch === "aarch64" ? "arm64" : "x64";

/** Fetches a runtime into `tools`, an empty folder of its own. Throws when it cannot be had. */
export async function fetchRuntime(name: RuntimeName, tools: string): Promise<Runtime> {
  if (name === "deno") return denoRuntime();
  if (name === "bun") return await fetchBun(tools);
  // The package `node` would need an install script to get the program; this one holds it.
  const holder = `node-${Deno.build.os}-${ARCH}`;
  await fetchPackage(`${holder}@${name.slice("node".length)}`, tools);
  return await nodeRuntime(`${tools}/node_modules/${holder}/bin/node`);
}

/** The Node that is on PATH. */
export async function machineNode(): Promise<Runtime> {
  const program = await which("node");
  if (program === undefined) throw new Error("There is no node on PATH: install Node 20 or newer.");
  return await nodeRuntime(program);
}

async function nodeRuntime(program: string): Promise<Runtime> {
  const version = await versionOf(program);
  return {
    name: `Node ${version.replace(/^v/, "")}`,
    run: (folder, module, ...args) =>
      run([program, "--no-warnings", module, ...args], { cwd: folder }),
    install: (folder, packages, isolated) => installByNpm(folder, packages, isolated, program),
  };
}

async function fetchBun(tools: string): Promise<Runtime> {
  const holder = `@oven/bun-${Deno.build.os}-${ARCH === "arm64" ? "aarch64" : "x64"}`;
  await fetchPackage(holder, tools);
  const program = `${tools}/node_modules/${holder}/bin/bun`;
  const env = { BUN_INSTALL_CACHE_DIR: `${tools}/cache` };
  return {
    name: `Bun ${await versionOf(program)}`,
    run: (folder, module, ...args) => run([program, module, ...args], { cwd: folder }),
    install: (folder, packages, isolated) =>
      run([program, "add", `--linker=${isolated ? "isolated" : "hoisted"}`, ...packages], {
        ...{ cwd: folder, env },
      }),
  };
}

/** Deno takes no tarball, but runs what npm has installed. */
function denoRuntime(): Runtime {
  const flags = ["--allow-all", "--node-modules-dir=manual"];
  return {
    name: `Deno ${Deno.version.deno}`,
    run: (folder, module, ...args) =>
      run([Deno.execPath(), "run", ...flags, module, ...args], { cwd: folder }),
    install: (folder, packages, isolated) => installByNpm(folder, packages, isolated),
  };
}

async function fetchPackage(name: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const { code, stderr } = await installByNpm(folder, [name], false);
  if (code !== 0) throw new Error(`${name} cannot be had from npm: ${stderr}`);
}

/** By npm, on a Node of its own where one is given. */
async function installByNpm(
  folder: string,
  packages: readonly string[],
  isolated: boolean,
  node?: string,
): Promise<RunResult> {
  const path = Deno.env.get("PATH") ?? "";
  const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  return await run(
    ["npm", "install", ...flags, ...(isolated ? ["--install-strategy=nested"] : []), ...packages],
    {
      cwd: folder,
      env: node === undefined ? {} : { PATH: `${node.slice(0, node.lastIndexOf("/"))}:${path}` },
    },
  );
}

async function versionOf(program: string): Promise<string> {
  const { code, stdout, stderr } = await run([program, "--version"]);
  if (code !== 0) throw new Error(`${program} does not run: ${stderr}`);
  return stdout.trim();
}
