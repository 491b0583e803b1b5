/** The state letter of a process ("R", "S", "T" stopped, "Z" ended, …); undefined if it is gone. */
export async function processState(pid: number): Promise<string | undefined> {
  if (Deno.build.os === "linux") {
    try {
      const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
      // The name before it, in parentheses, may hold anything.
      return stat.charAt(stat.lastIndexOf(")") + 2);
    } catch {
      return undefined;
    }
  }
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "state=", "-p", String(pid)] })
    .output();
  return new TextDecoder().decode(stdout).trim().charAt(0) || undefined;
}
