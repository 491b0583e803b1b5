/**
 * A wall clock of a server's own: Debian's libfaketime, loaded before the server's libraries, reads from a file how far it is
 * ahead of the machine's. The monotonic clock is the machine's.
 *
 * @module
 */

import { cacheFolder, fillFolder, isFolder } from "./cache.ts";
import { unpackPackages, whyNotDebian } from "./debian.ts";

/** Of the servers' own release, whose C library it is built for. */
const PACKAGES = { suites: ["bookworm"], packages: ["libfaketime"] };

/** The library's path; undefined when there is none. It is fetched with `provision` only. */
export async function findFakeClock(
  options: { readonly provision?: boolean; readonly onProgress?: (text: string) => void } = {},
): Promise<string | undefined> {
  const folder = `${await cacheFolder()}/servers/libfaketime-${Deno.build.arch}`;
  if (!await isFolder(folder)) {
    if (!options.provision || await whyNotDebian() !== undefined) return undefined;
    const tell = (text: string) => options.onProgress?.(`libfaketime: ${text}`);
    await fillFolder(folder, (staging) => unpackPackages(staging, PACKAGES, tell));
  }
  for await (const { name } of Deno.readDir(`${folder}/usr/lib`)) {
    const path = `${folder}/usr/lib/${name}/faketime/libfaketimeMT.so.1`;
    if (name.endsWith("-linux-gnu") && await isThere(path)) return path;
  }
  return undefined;
}

/** The clock of one server. */
export class FakeClock {
  readonly #library: string;
  readonly #file: string;
  #aheadMs = 0;

  /** `dir` is the server's folder. */
  constructor(library: string, dir: string) {
    this.#library = library;
    this.#file = `${dir}/clock`;
  }

  /** What the server's process is started with. */
  get env(): Record<string, string> {
    return {
      // The C library's memory comes before jemalloc's, which asks for the time before there is one.
      LD_PRELOAD: `${this.#library}:libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Sets it forth by so much, or back; from then on, the server goes by it. */
  async jump(byMs: number): Promise<void> {
    this.#aheadMs += byMs;
    const sign = this.#aheadMs < 0 ? "-" : "+";
    await Deno.writeTextFile(`${this.#file}.new`, `${sign}${Math.abs(this.#aheadMs) / 1_000}\n`);
    await Deno.rename(`${this.#file}.new`, this.#file);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
