/**
 * A stranger's project: a folder with nothing in it but what he installs, and the programs that he runs there.
 *
 * @module
 */

import type { Runtime } from "./runtimes.ts";

const STRANGER = new URL("./stranger/", import.meta.url);

/** Where the package's command is in a project. */
const COMMAND = "node_modules/@hakgal/sessions/cli/main.js";

/** What the conformance suite came to there. */
export interface ConformanceCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

/** What the package does without any optional package. */
export interface BareAnswer {
  /** The exports that could be loaded: all of them. */
  readonly entries: readonly string[];
  /** What opening each backend came to. */
  readonly opened: Readonly<Record<string, string>>;
}

/** What chaos over one adapter module came to. */
export interface ChaosAnswer {
  readonly adapter: string;
  readonly verdict: string;
  readonly histories: number;
  readonly kills: number;
  readonly explanation: string;
}

/** A project on one runtime. */
export class Project {
  readonly folder: string;
  readonly runtime: Runtime;

  private constructor(folder: string, runtime: Runtime) {
    this.folder = folder;
    this.runtime = runtime;
  }

  /** Makes it in a folder that is not there yet. */
  static async create(folder: string, runtime: Runtime): Promise<Project> {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/package.json`, `{ "private": true, "type": "module" }`);
    for await (const { name } of Deno.readDir(STRANGER)) {
      await Deno.copyFile(new URL(name, STRANGER), `${folder}/${name}`);
    }
    return new Project(folder, runtime);
  }

  /** Throws, with what the package manager said, when they cannot be installed. */
  async install(packages: readonly string[], isolated = false): Promise<void> {
    const { code, stdout, stderr } = await this.runtime.install(this.folder, packages, isolated);
    if (code !== 0) throw new Error(`installing ${packages.join(" ")} failed:\n${stderr}${stdout}`);
  }

  /** The version of a package that was installed. */
  async versionOf(name: string): Promise<string> {
    const path = `${this.folder}/node_modules/${name}/package.json`;
    return JSON.parse(await Deno.readTextFile(path)).version;
  }

  /** Runs the conformance suite on a backend. */
  async conformance(backend: string, url = ""): Promise<ConformanceCounts> {
    return await this.#answer("conformance.mjs", backend, url);
  }

  /** Loads every export, and opens every backend. */
  async bare(): Promise<BareAnswer> {
    return await this.#answer("bare.mjs");
  }

  /** Runs chaos over an adapter in memory and one on a file. */
  async chaos(): Promise<ChaosAnswer[]> {
    return await this.#answer("chaos.mjs");
  }

  /** Runs the package's command. */
  async command(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
    const { code, stdout, stderr } = await this.runtime.run(this.folder, COMMAND, ...args);
    return { code, said: stdout + stderr };
  }

  /** What a program says in its last line. Throws, with all that it said, when it fails. */
  async #answer<Answer>(program: string, ...args: string[]): Promise<Answer> {
    const { code, stdout, stderr } = await this.runtime.run(this.folder, program, ...args);
    if (code === 0) return JSON.parse(stdout.trim().split("\n").at(-1)!);
    const command = [program, ...args].join(" ");
    throw new Error(
      `${command} on ${this.runtime.name} ended with code ${code}:\n${stderr}${stdout}`,
    );
  }
}
