import { machineSource } from "./debian_sources.ts";
import { run, which } from "./run.ts";

export interface DebianPackages {
  readonly suites: readonly string[];
  readonly packages: readonly string[];
}

/** Why nothing can be fetched from Debian's archive on this machine; undefined if it can. */
export async function whyNotDebian(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return `this is ${Deno.build.os}, not Debian`;
  let release = "";
  try {
    release = await Deno.readTextFile("/etc/os-release");
  } catch {
    // Then it is no Debian.
  }
  if (!/^ID="?debian"?$/m.test(release)) return "this Linux is not Debian";
  for (const program of ["apt-get", "apt-config", "dpkg"]) {
    if (await which(program) === undefined) return `there is no ${program} on PATH`;
  }
  if (await machineSource(["any"]) === undefined) {
    return "no apt source of this machine names Debian's archive";
  }
  return undefined;
}

/**
 * Downloads packages and unpacks them into `folder`. Needs no root and changes nothing of the
 * system: lists, downloads and dpkg's status are files of our own inside `folder`.
 */
export async function unpackPackages(
  folder: string,
  wanted: DebianPackages,
  onProgress: (text: string) => void,
): Promise<void> {
  const source = await machineSource(wanted.suites);
  if (source === undefined) throw new Error("no apt source of this machine names Debian's archive");
  const work = `${folder}/.apt`;
  await Deno.mkdir(`${work}/lists/partial`, { recursive: true });
  await Deno.mkdir(`${work}/cache/archives/partial`, { recursive: true });
  await Deno.mkdir(`${work}/packages`);
  await Deno.writeTextFile(`${work}/${source.fileName}`, source.text);
  await Deno.writeTextFile(`${work}/status`, "");
  await Deno.writeTextFile(`${work}/apt.conf`, await configurationWithoutHooks());

  const settings = [
    `Dir::Etc::sourcelist=${work}/${source.fileName}`,
    "Dir::Etc::sourceparts=/dev/null",
    "Dir::Etc::preferences=/dev/null",
    "Dir::Etc::preferencesparts=/dev/null",
    `Dir::State::Lists=${work}/lists`,
    // With the machine's own status, an installed newer version would be chosen and not be found.
    `Dir::State::status=${work}/status`,
    `Dir::Cache=${work}/cache`,
    "Acquire::Languages=none",
    "Acquire::Retries=2",
    "Acquire::http::Timeout=30",
    "APT::Update::Error-Mode=any",
    ...(Deno.uid() === 0 ? ["APT::Sandbox::User=root"] : []),
  ];
  const apt = async (...args: string[]): Promise<void> => {
    await mustRun(["apt-get", "-qq", ...settings.flatMap((s) => ["-o", s]), ...args], {
      cwd: `${work}/packages`,
      env: { APT_CONFIG: `${work}/apt.conf`, LC_ALL: "C" },
    });
  };

  onProgress(`reading Debian's package lists (${wanted.suites.join(", ")})`);
  await apt("update");
  onProgress(`downloading ${wanted.packages.join(" ")}`);
  await apt("download", ...wanted.packages);
  for await (const entry of Deno.readDir(`${work}/packages`)) {
    if (entry.name.endsWith(".deb")) {
      await mustRun(["dpkg", "-x", `${work}/packages/${entry.name}`, folder]);
    }
  }
  await Deno.remove(work, { recursive: true });
}

/**
 * The machine's settings (proxies, certificates) less its hooks: those of "update" may notify
 * services or clear the system's package cache. A hook cannot be unset by `-o`.
 */
async function configurationWithoutHooks(): Promise<string> {
  const dump = await mustRun(["apt-config", "dump"]);
  const lines = dump.split("\n").filter((line) => /^(Acquire|Dir::Etc)\b/.test(line));
  return [
    ...lines.filter((line) => !/^Dir::Etc::(parts|main)\b/i.test(line)),
    'Dir::Etc::parts "/dev/null";',
    'Dir::Etc::main "/dev/null";',
    "",
  ].join("\n");
}

async function mustRun(
  command: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const result = await run(command, options);
  if (result.code !== 0) {
    const said = `${result.stderr}\n${result.stdout}`.trim();
    const program = command[0] === "apt-get"
      ? `apt-get ${command.includes("update") ? "update" : "download"}`
      : command.join(" ");
    throw new Error(`${program} failed with code ${result.code}: ${said || "no output"}`);
  }
  return result.stdout;
}
