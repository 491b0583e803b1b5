import { type CorpusEntry, readCorpusEntry } from "../../chaos/corpus.ts";

/** Where the corpus is, as the tree's root names it. */
export const CORPUS = "tests/chaos/cases";

const FOLDER = new URL(`../../${CORPUS}/`, import.meta.url);

/** The corpus, by name; none in a copy of the tree that lacks it. */
export async function readCorpus(): Promise<readonly CorpusEntry[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(FOLDER)) {
      if (name.endsWith(".json")) names.push(name);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return await Promise.all(
    names.sort().map(async (name) =>
      readCorpusEntry(`${CORPUS}/${name}`, await Deno.readTextFile(new URL(name, FOLDER)))
    ),
  );
}
