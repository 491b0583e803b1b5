import { assert, assertEquals } from "@std/assert";

/** What the modules of a folder may import, besides their own folder. */
const ALLOWED: Record<string, readonly RegExp[]> = {
  core: [],
  adapters: [/^core\//],
  integrations: [/^core\//],
  observability: [/^core\//],
  chaos: [/^mod\.ts$/, /^adapters\/\w+\.ts$/],
  cli: [/^core\//, /^adapters\//, /^chaos\//],
};

/** Packages that core may use: small ones, that know nothing of any runtime. */
const CORE_PACKAGES = /^(@noble\/hashes\/|fastest-levenshtein$|lru-cache$)/;

interface Import {
  readonly from: string;
  /** Path from the root, or a package's specifier. */
  readonly to: string;
}

Deno.test("imports go in the directions of the design", async () => {
  const wrong = (await imports()).filter(({ from, to }) => {
    const folder = from.split("/")[0]!;
    if (folder === "mod.ts") return !/^(core|adapters)\//.test(to);
    const isPackage = !/^(core|adapters|chaos|cli|integrations|observability|scripts|tests|mod\.ts)/
      .test(to);
    if (isPackage) return folder === "core" && !CORE_PACKAGES.test(to);
    return !to.startsWith(`${folder}/`) && !ALLOWED[folder]!.some((allowed) => allowed.test(to));
  });
  assertEquals(wrong, []);
});

Deno.test("only the command line loads what it alone needs", async () => {
  const loading = (await imports()).filter(({ to }) => to === "commander").map(({ from }) => from);
  assert(loading.length > 0);
  assertEquals(loading.filter((from) => !from.startsWith("cli/")), []);
});

Deno.test("only adapters/open.ts knows the manager", async () => {
  const knowing = (await imports())
    .filter(({ from, to }) => from.startsWith("adapters/") && to === "core/session_manager.ts")
    .map(({ from }) => from);
  assertEquals(knowing, ["adapters/open.ts"]);
});

Deno.test("the client libraries are loaded only when chosen", async () => {
  const clients =
    /^(ioredis|redis|@redis\/client|@valkey\/valkey-glide|node:sqlite|prom-client|@opentelemetry\/.*)$/;
  for (const file of await modules()) {
    const source = await Deno.readTextFile(file);
    for (
      const [, specifier] of source.matchAll(/^(?:import|export)\s(?!type)[^;]*?from "([^"]+)";/gms)
    ) {
      assert(!clients.test(specifier!), `${file} imports ${specifier} from the start`);
    }
  }
});

Deno.test("core uses no runtime's own interface", async () => {
  for (const file of (await modules()).filter((name) => name.startsWith("core/"))) {
    const code = (await Deno.readTextFile(file)).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const found = /\b(Deno|process|Buffer|require|Bun)\.|"node:/.exec(code);
    assertEquals(found?.[0], undefined, file);
  }
});

Deno.test("the top level holds what the design names", async () => {
  const allowed = [
    ...[".ci", ".git", ".gitattributes", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md"],
    ...[
      "deno.json",
      "deno.jsr.json",
      "deno.lock",
      "mod.ts",
      "adapters",
      "bench",
      "chaos",
      "cli",
      "core",
    ],
    ...["docs", "examples", "integrations", "observability", "scripts", "tests"],
    // What tasks leave behind, and what the example in docs/audit.md writes.
    ...["node_modules", "dist", "chaos-report", ".cache", "audit.jsonl", "audit.jsonl.head"],
  ];
  const found = await Array.fromAsync(Deno.readDir("."), ({ name }) => name);
  assertEquals(found.filter((name) => !allowed.includes(name)), []);
});

async function modules(): Promise<string[]> {
  const found = ["mod.ts"];
  for (const folder of Object.keys(ALLOWED)) await collect(folder, found);
  return found;
}

async function collect(folder: string, found: string[]): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name, isDirectory } of entries) {
    const path = `${folder}/${name}`;
    if (isDirectory) await collect(path, found);
    else if (name.endsWith(".ts")) found.push(path);
  }
}

async function imports(): Promise<Import[]> {
  const found: Import[] = [];
  for (const from of await modules()) {
    const source = (await Deno.readTextFile(from)).replaceAll(/^\s*(\*|\/\/).*$/gm, "");
    for (const [, specifier] of source.matchAll(/(?:from|import) ?\(?"([^"]+)"/g)) {
      const to = specifier!.startsWith(".")
        ? new URL(specifier!, `file:///${from}`).pathname.slice(1)
        : specifier!;
      found.push({ from, to });
    }
  }
  return found;
}

Deno.test("deno.jsr.json differs from deno.json in the standard library only", async () => {
  const read = async (file: string) =>
    Object.entries<string>(JSON.parse(await Deno.readTextFile(file)).imports);
  const [thin, real] = [await read("deno.json"), await read("deno.jsr.json")];
  const own = (entries: [string, string][]) =>
    entries.filter(([name]) => !name.startsWith("@std/"));
  assertEquals(own(real), own(thin));
  assertEquals(real.map(([name]) => name), thin.map(([name]) => name));
  assert(real.every(([name, to]) => !name.startsWith("@std/") || to.startsWith("jsr:@std/")));
});
