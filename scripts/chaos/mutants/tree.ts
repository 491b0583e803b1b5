const ROOT = new URL("../../../", import.meta.url);
/** What a run of chaos needs of the tree. */
const COPIED = ["deno.json", "deno.lock", "mod.ts", "core", "adapters", "chaos", "cli", "scripts"];

/** A temporary copy of the tree with patches applied; it is gone when it is disposed of. */
export class MutantTree implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * Copies what chaos needs, and applies the patches.
   *
   * @throws Error that names the file when one no longer applies
   */
  static async make(patches: readonly string[]): Promise<MutantTree> {
    const tree = new MutantTree(await Deno.makeTempDir({ prefix: "hakgal-mutant-" }));
    try {
      for (const name of COPIED) await copy(new URL(name, ROOT), `${tree.dir}/${name}`);
      for (const patch of patches) await apply(patch, tree.dir);
      return tree;
    } catch (error) {
      await tree[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

async function copy(from: URL, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await copy(new URL(`${from.href}/${encodeURIComponent(name)}`), `${to}/${name}`);
  }
}

async function apply(patch: string, dir: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("git", {
    args: ["apply", "-p1", patch],
    cwd: dir,
    // Else git takes a checkout above the folder for the tree to be patched.
    env: { GIT_CEILING_DIRECTORIES: dir.replace(/\/[^/]*$/, "") },
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).trim();
  throw new Error(
    `${patch} no longer applies: put the bug into the code as it is, ` +
      `and replace the part below the header by "git diff"'s: ${said}`,
  );
}
