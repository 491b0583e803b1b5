/** The folder that keeps what was fetched; made if it does not exist. */
export async function cacheFolder(): Promise<string> {
  const chosen = Deno.env.get("HAKGAL_CACHE_DIR");
  if (chosen) {
    try {
      await Deno.mkdir(chosen, { recursive: true });
      return await Deno.realPath(chosen);
    } catch (error) {
      throw new Error(
        `HAKGAL_CACHE_DIR is "${chosen}", which is no folder that can be made or used: ` +
          `${error instanceof Error ? error.message : error}. Set it to a writable folder.`,
        { cause: error },
      );
    }
  }
  const home = Deno.env.get("HOME");
  const base = Deno.env.get("XDG_CACHE_HOME") || (home ? `${home}/.cache` : undefined);
  if (base !== undefined) {
    try {
      return await writableFolder(`${base}/hakgal-sessions`);
    } catch {
      // A read-only or missing home: the temporary folder serves as well, only for a shorter time.
    }
  }
  // Named after the user, so that nobody runs a program that another user put there.
  return await writableFolder(
    `${Deno.env.get("TMPDIR") || "/tmp"}/hakgal-sessions-${Deno.uid() ?? "user"}`,
  );
}

async function writableFolder(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  const info = await Deno.stat(path);
  if (info.uid !== null && info.uid !== Deno.uid()) {
    throw new Error(`${path} belongs to another user; set HAKGAL_CACHE_DIR to a folder of yours`);
  }
  await Deno.remove(await Deno.makeTempDir({ dir: path, prefix: ".writable-" }));
  return path;
}

/**
 * Fills `destination` through a staging folder beside it and an atomic rename, so that processes
 * that do it at once never see, or leave, half a folder.
 */
export async function fillFolder(
  destination: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const parent = destination.slice(0, destination.lastIndexOf("/"));
  await Deno.mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const staging = await Deno.makeTempDir({ dir: parent, prefix: STAGING_PREFIX });
  try {
    // One level down, because what is unpacked may set its folder's date, and the date of the
    // staging folder says whether it is abandoned.
    const content = `${staging}/content`;
    await Deno.mkdir(content);
    await fill(content);
    try {
      await Deno.rename(content, destination);
    } catch (error) {
      if (!await isFolder(destination)) throw error;
    }
  } finally {
    await removeIfThere(staging);
  }
}

/** A child of a server that was killed may be writing there for a moment still, as a replica's that rewrites its file. */
const MOST_REMOVALS = 200;
const REMOVAL_PAUSE_MS = 10;

export async function removeIfThere(path: string): Promise<void> {
  for (let removal = 1;; removal++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      const isFilled = error instanceof Error && "code" in error && error.code === "ENOTEMPTY";
      if (!isFilled || removal === MOST_REMOVALS) throw error;
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_PAUSE_MS));
    }
  }
}

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false;
  }
}

const STAGING_PREFIX = ".staging-";
const ABANDONED_AFTER_MS = 3_600_000;

async function removeAbandoned(parent: string): Promise<void> {
  for await (const entry of Deno.readDir(parent)) {
    if (!entry.name.startsWith(STAGING_PREFIX)) continue;
    const path = `${parent}/${entry.name}`;
    try {
      const { mtime } = await Deno.stat(path);
      if (mtime !== null && Date.now() - mtime.getTime() > ABANDONED_AFTER_MS) {
        await removeIfThere(path);
      }
    } catch {
      // Its owner was quicker.
    }
  }
}
