/**
 * Ends what a run has started when the run itself is gone, however it ended.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Writable } from "node:stream";

/**
 * Hears of processes and folders, line by line. When its input ends, the runner is gone (after a SIGKILL too, which no
 * handler could see): what is left then is killed and removed. Interruptions from the terminal are not meant for it.
 */
const SCRIPT = `trap "" INT TERM HUP
dir=$(mktemp -d) || exit
while read -r verb what; do
  case $verb in
    watch) : >"$dir/$what" ;;
    forget) rm -f "$dir/$what" ;;
    folder) printf '%s\\n' "$what" >>"$dir/folders" ;;
  esac
done
for pid in $(ls "$dir"); do [ "$pid" = folders ] || kill -KILL "$pid" 2>/dev/null; done
[ -f "$dir/folders" ] && while read -r folder; do rm -rf -- "$folder"; done <"$dir/folders"
rm -rf -- "$dir"`;

/** A shell that outlives the runner by a moment. */
export class Keeper {
  readonly #shell: ChildProcessByStdio<Writable, null, null>;
  readonly #ended: Promise<void>;

  constructor() {
    this.#shell = spawn("sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"] });
    this.#shell.stdin.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      this.#shell.once("close", () => resolve()).once("error", () => resolve());
    });
    this.#shell.unref();
  }

  /** To be killed, unless it is forgotten. */
  watch(pid: number): void {
    this.#say(`watch ${pid}`);
  }

  /** It has ended: its number may be another process's by now. */
  forget(pid: number): void {
    this.#say(`forget ${pid}`);
  }

  /** To be removed, whoever does it first. */
  folder(path: string): void {
    this.#say(`folder ${path}`);
  }

  /** Kills and removes what is left; resolves when nothing of the keeper is left either. */
  async end(): Promise<void> {
    this.#shell.ref();
    this.#shell.stdin.end();
    await this.#ended;
  }

  #say(line: string): void {
    if (!this.#shell.stdin.writableEnded) this.#shell.stdin.write(`${line}\n`);
  }
}
