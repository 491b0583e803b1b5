export interface AptSource {
  /** Name of the file to write; apt takes the syntax from its ending. */
  readonly fileName: string;
  readonly text: string;
}

const ARCHIVE_SUITE =
  /^(oldoldstable|oldstable|stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)$/;

/** The machine's own source of the Debian archive, turned to other suites. */
export function deriveSource(
  fileName: string,
  text: string,
  suites: readonly string[],
): AptSource | undefined {
  return fileName.endsWith(".sources") ? fromStanzas(text, suites) : fromLines(text, suites);
}

function fromStanzas(text: string, suites: readonly string[]): AptSource | undefined {
  const withoutComments = text.split("\n").filter((line) => !line.startsWith("#")).join("\n");
  for (const stanza of withoutComments.split(/\n[ \t]*\n/)) {
    const lines = stanza.split("\n").filter((line) => line.trim() !== "");
    const field = (name: string): string[] => {
      const prefix = `${name.toLowerCase()}:`;
      const line = lines.find((line) => line.toLowerCase().startsWith(prefix));
      return (line?.slice(prefix.length) ?? "").trim().split(/\s+/);
    };
    if (!field("Types").includes("deb") || field("Enabled")[0]?.toLowerCase() === "no") continue;
    if (!field("Components").includes("main")) continue;
    if (!field("Suites").some((suite) => ARCHIVE_SUITE.test(suite))) continue;
    const derived = lines.map((line) => {
      if (/^types:/i.test(line)) return "Types: deb";
      if (/^suites:/i.test(line)) return `Suites: ${suites.join(" ")}`;
      if (/^components:/i.test(line)) return "Components: main";
      return line;
    });
    return { fileName: "derived.sources", text: `${derived.join("\n")}\n` };
  }
  return undefined;
}

function fromLines(text: string, suites: readonly string[]): AptSource | undefined {
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (match === null) continue;
    const [, options = "", uri, suite, components] = match;
    if (!ARCHIVE_SUITE.test(suite!) || !components!.trim().split(/\s+/).includes("main")) continue;
    const derived = suites.map((name) => `deb ${options}${uri} ${name} main`);
    return { fileName: "derived.list", text: `${derived.join("\n")}\n` };
  }
  return undefined;
}

/** Reads the machine's files of apt sources and derives from the first that names the archive. */
export async function machineSource(
  suites: readonly string[],
  aptFolder = "/etc/apt",
): Promise<AptSource | undefined> {
  const parts: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${aptFolder}/sources.list.d`)) {
      if (/\.(sources|list)$/.test(entry.name)) parts.push(`sources.list.d/${entry.name}`);
    }
  } catch {
    // A machine may have only the classic file.
  }
  parts.sort();
  const first = ["sources.list.d/debian.sources", "sources.list"];
  for (const name of [...first, ...parts.filter((name) => !first.includes(name))]) {
    let text;
    try {
      text = await Deno.readTextFile(`${aptFolder}/${name}`);
    } catch {
      continue;
    }
    const source = deriveSource(name, text, suites);
    // Other archives have a suite "stable" with a component "main" too.
    if (source !== undefined && (first.includes(name) || /debian/i.test(source.text))) {
      return source;
    }
  }
  return undefined;
}
