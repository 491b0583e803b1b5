import { removeIfThere } from "./cache.ts";
import { run } from "./run.ts";

/**
 * Paths of PEM files of a throw-away CA, a server's certificate for localhost and 127.0.0.1, and a
 * client's certificate. Debian's redis-server and valkey-server are built with TLS; a server of
 * another origin may not be, and then ends at start saying that it knows no "tls-port".
 */
export interface TlsFiles extends AsyncDisposable {
  readonly dir: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly clientCert: string;
  readonly clientKey: string;
  /** Removes the folder, if it was made here. */
  remove(): Promise<void>;
}

// A file of settings, because -addext and -copy_extensions are missing in LibreSSL and old OpenSSL.
const SETTINGS = `[req]
distinguished_name = name
prompt = no
[name]
CN = hakgal-sessions throw-away CA
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
`;

const VALID_DAYS = "7";

/** Makes the files with the command `openssl`, in `dir` or in a temporary folder. */
export async function makeTlsFiles(dir?: string): Promise<TlsFiles> {
  if (dir !== undefined) await Deno.mkdir(dir, { recursive: true });
  const folder = await Deno.realPath(dir ?? await Deno.makeTempDir({ prefix: "hakgal-tls-" }));
  const remove = async (): Promise<void> => {
    if (dir === undefined) await removeIfThere(folder);
  };
  try {
    await Deno.writeTextFile(`${folder}/openssl.cnf`, SETTINGS);
    await makeKey(folder, "ca");
    await openssl(folder, [
      ...["req", "-x509", "-new", "-sha256", "-key", "ca.key", "-out", "ca.crt"],
      ...["-days", VALID_DAYS, "-config", "openssl.cnf", "-extensions", "ca"],
    ]);
    for (const [name, serial] of [["server", "1"], ["client", "2"]] as const) {
      await makeKey(folder, name);
      await openssl(folder, [
        ...["req", "-new", "-sha256", "-key", `${name}.key`, "-out", `${name}.csr`],
        ...["-config", "openssl.cnf", "-subj", `/CN=hakgal-${name}`],
      ]);
      await openssl(folder, [
        ...["x509", "-req", "-sha256", "-in", `${name}.csr`, "-out", `${name}.crt`],
        ...["-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", serial, "-days", VALID_DAYS],
        ...["-extfile", "openssl.cnf", "-extensions", name],
      ]);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    dir: folder,
    ca: `${folder}/ca.crt`,
    cert: `${folder}/server.crt`,
    key: `${folder}/server.key`,
    clientCert: `${folder}/client.crt`,
    clientKey: `${folder}/client.key`,
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

async function makeKey(folder: string, name: string): Promise<void> {
  const path = `${name}.key`;
  await openssl(folder, ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path]);
  // "EC PRIVATE KEY" is not read by every client; PKCS#8 is.
  await openssl(folder, ["pkcs8", "-topk8", "-nocrypt", "-in", path, "-out", `${path}.pkcs8`]);
  await Deno.rename(`${folder}/${path}.pkcs8`, `${folder}/${path}`);
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  let result;
  try {
    result = await run(["openssl", ...args], { cwd: folder });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      "certificates for tests are made with the command openssl, which is not on PATH; install it",
      { cause: error },
    );
  }
  if (result.code !== 0) {
    throw new Error(`openssl ${args[0]} failed with code ${result.code}: ${result.stderr.trim()}`);
  }
}
