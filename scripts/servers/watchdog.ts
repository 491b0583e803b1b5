// Waits for a line; when its input ends without one, this process is gone, however it ended
// (SIGKILL too, which no handler of ours could see), and the server is to go with it.
const SCRIPT = `trap "" INT TERM HUP
read -r line && exit
kill -KILL "$1" 2>/dev/null
[ -z "$2" ] || rm -rf -- "$2"`;

/** Kills a server, and removes its folder, when this process ends without `dismiss`. */
export class Watchdog {
  readonly #child: Deno.ChildProcess;
  #dismissal: Promise<void> | undefined;

  constructor(pid: number, removeDir: string | undefined) {
    this.#child = new Deno.Command("sh", {
      args: ["-c", SCRIPT, "watchdog", String(pid), removeDir ?? ""],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    // It must not keep this process alive, or neither would ever end.
    this.#child.unref();
  }

  /** May be called again; resolves when nothing of the watchdog is left. */
  dismiss(): Promise<void> {
    return this.#dismissal ??= this.#dismiss();
  }

  async #dismiss(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode("dismissed\n"));
      await writer.close();
    } catch {
      // Somebody killed it; then it watches nothing any more.
    }
    this.#child.ref();
    await this.#child.status;
  }
}
