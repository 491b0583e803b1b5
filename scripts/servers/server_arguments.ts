/**
 * How a server is started: what can be asked for, and the command line that it comes to.
 *
 * @module
 */

export interface ServerTls {
  /** Paths of PEM files. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Ask clients for a certificate of the same CA; off by default. */
  readonly authClients?: boolean;
}

export interface StartServerOptions {
  /** More arguments of the server, after our own. */
  readonly args?: readonly string[];
  /**
   * `aof`: synced each second. While that goes on the server puts writes off, and a kill loses what it has acknowledged.
   * `aof-unsynced`: each write is in the file before its answer, and survives the death of the process.
   * @default "none"
   */
  readonly persistence?: "none" | "aof" | "aof-unsynced";
  readonly tls?: ServerTls;
  /** Users, in the syntax of ACL SETUSER: `"app on >secret ~app:* +@all"`, `"default off"`. */
  readonly acl?: readonly string[];
  /** Without it a free port is chosen. */
  readonly port?: number;
  /** Without it a temporary folder is made, which stop() removes. A folder given here is kept. */
  readonly dir?: string;
  readonly startTimeoutMs?: number;
  /** libfaketime's path: the server has a clock of its own then. */
  readonly fakeClock?: string;
}

/** Where a server listens, and where its files are. */
export interface ServerPlaces {
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly dataDir: string;
  readonly aclPath: string;
}

/** The arguments of the server's program. */
export function serverArguments(
  { tls, acl, persistence = "none", args = [] }: StartServerOptions,
  { host, port, tlsPort, dataDir, aclPath }: ServerPlaces,
): string[] {
  return [
    ...["--bind", host, "--port", String(port), "--dir", dataDir],
    ...["--daemonize", "no", "--save", ""],
    ...(persistence === "none" ? ["--appendonly", "no"] : [
      ...["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"],
      ...["--appendfsync", persistence === "aof" ? "everysec" : "no"],
    ]),
    ...["--enable-debug-command", "local"],
    ...(acl === undefined ? [] : ["--aclfile", aclPath]),
    ...(tls === undefined ? [] : [
      ...["--tls-port", String(tlsPort), "--tls-ca-cert-file", tls.ca],
      ...["--tls-cert-file", tls.cert, "--tls-key-file", tls.key],
      ...["--tls-auth-clients", tls.authClients ? "yes" : "no"],
    ]),
    ...args,
  ];
}
