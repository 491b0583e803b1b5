import { generate, type GenerateResult } from "selfsigned";
import { removeIfThere } from "./cache.ts";

/**
 * Paths of PEM files of a throw-away CA, a server's certificate, and a client's certificate. Debian's redis-server and
 * valkey-server are built with TLS; a server of another origin may not be, and then ends at start saying that it knows no
 * "tls-port".
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

/** What is said of the server's certificate. */
export interface TlsFileOptions {
  /** The folder. @default a temporary one */
  readonly dir?: string;
  /** Names that the server's certificate bears, beside none of its addresses. @default localhost and 127.0.0.1 */
  readonly names?: readonly string[];
  /** When it ends. @default in a week */
  readonly notAfter?: Date;
}

type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>["extensions"]>;
type Authority = Pick<GenerateResult, "private" | "cert">;

const DAY_MS = 86_400_000;

/** Elliptic keys are made in a moment. */
const KEYS = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;

const CA: Extensions = [
  { name: "basicConstraints", cA: true, critical: true },
  { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
];
const LEAF: Extensions = [
  { name: "basicConstraints", cA: false, critical: true },
  { name: "keyUsage", digitalSignature: true, critical: true },
];

/** Makes the files. */
export async function makeTlsFiles(options: TlsFileOptions = {}): Promise<TlsFiles> {
  const { dir, names, notAfter } = options;
  if (dir !== undefined) await Deno.mkdir(dir, { recursive: true });
  const folder = await Deno.realPath(dir ?? await Deno.makeTempDir({ prefix: "hakgal-tls-" }));
  const remove = async (): Promise<void> => {
    if (dir === undefined) await removeIfThere(folder);
  };
  const authority = await certificate("hakgal-sessions throw-away CA", CA);
  const altNames = names?.map((value) => ({ type: 2 as const, value })) ?? [
    { type: 2 as const, value: "localhost" },
    { type: 7 as const, ip: "127.0.0.1" },
  ];
  const server = await certificate(
    "hakgal-server",
    [
      ...LEAF,
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      { name: "subjectAltName", altNames },
    ],
    authority,
    notAfter,
  );
  const client = await certificate("hakgal-client", [
    ...LEAF,
    { name: "extKeyUsage", clientAuth: true },
  ], authority);
  const files = {
    ca: `${folder}/ca.crt`,
    cert: `${folder}/server.crt`,
    key: `${folder}/server.key`,
    clientCert: `${folder}/client.crt`,
    clientKey: `${folder}/client.key`,
  };
  const contents: Readonly<Record<keyof typeof files, string>> = {
    ca: authority.cert,
    cert: server.cert,
    key: server.private,
    clientCert: client.cert,
    clientKey: client.private,
  };
  for (const name of Object.keys(files) as (keyof typeof files)[]) {
    await Deno.writeTextFile(files[name], contents[name], { mode: 0o600 });
  }
  return { dir: folder, ...files, remove, [Symbol.asyncDispose]: remove };
}

function certificate(
  commonName: string,
  extensions: Extensions,
  authority?: Authority,
  notAfter = new Date(Date.now() + 7 * DAY_MS),
): Promise<GenerateResult> {
  return generate([{ name: "commonName", value: commonName }], {
    ...KEYS,
    extensions,
    // A clock that is a little slow may read it, too.
    notBeforeDate: new Date(Math.min(Date.now(), notAfter.getTime()) - DAY_MS),
    notAfterDate: notAfter,
    ...(authority && { ca: { key: authority.private, cert: authority.cert } }),
  });
}
