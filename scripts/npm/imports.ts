/**
 * Which packages a compiled module imports.
 *
 * @module
 */

const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"]+)"/g;

/** The names of the packages in a module's imports, those in comments and built-in modules left out. */
export function importedPackages(module: string): Set<string> {
  const names = new Set<string>();
  for (const [, specifier] of module.replace(COMMENT, "").matchAll(IMPORT)) {
    if (!/^(node:|\.)/.test(specifier!)) names.add(packageOf(specifier!));
  }
  return names;
}

function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}
