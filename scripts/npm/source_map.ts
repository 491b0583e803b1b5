/**
 * Source maps beside the code. Each holds its source, so that a debugger shows it though the package has no TypeScript.
 *
 * @module
 */

const INLINE = /\n?\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/;

/** The fields of a source map that are changed. */
interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
  readonly [field: string]: unknown;
}

/** Moves the map out of a module, into a file beside it. Throws when the module has none. */
export async function moveSourceMap(path: string): Promise<void> {
  const module = await Deno.readTextFile(path);
  const [comment, encoded] = INLINE.exec(module) ?? [];
  if (comment === undefined) throw new Error(`deno pack gave ${path} no source map.`);
  const bytes = Uint8Array.from(atob(encoded!), (character) => character.charCodeAt(0));
  const map: SourceMap = JSON.parse(new TextDecoder().decode(bytes));
  const name = path.split("/").at(-1)!;
  await Deno.writeTextFile(
    path,
    `${module.slice(0, -comment.length)}\n//# sourceMappingURL=${name}.map\n`,
  );
  // The paths of the machine that made it say nothing to anybody else.
  const sources = map.sources.map((source) => source.split("/").at(-1)!);
  await writeMap(path, { ...map, sources });
}

/** Gives a module a first line; `moveSourceMap` must have been there before. */
export async function putFirstLine(path: string, line: string): Promise<void> {
  const module = await Deno.readTextFile(path);
  if (module.startsWith("#!")) {
    return await Deno.writeTextFile(path, module.replace(/^.*/, line));
  }
  const map: SourceMap = JSON.parse(await Deno.readTextFile(`${path}.map`));
  await Deno.writeTextFile(path, `${line}\n${module}`);
  await writeMap(path, { ...map, mappings: `;${map.mappings}` });
}

async function writeMap(path: string, map: SourceMap): Promise<void> {
  await Deno.writeTextFile(`${path}.map`, JSON.stringify(map));
}
