/**
 * What is wrong with a TLS connection, and what to do about it.
 *
 * @module
 */

/** Why the two ends do not come to trust each other. */
export type TlsFault =
  /** No authority that is trusted has signed the server's certificate. */
  | "untrusted"
  /** The certificate is another host's. */
  | "name"
  /** The certificate has run out, or is not valid yet. */
  | "validity"
  /** The server refuses this client's certificate, or the lack of one. */
  | "client-certificate"
  /** What answers on the port does not speak TLS. */
  | "no-tls"
  /** What answers on the port speaks nothing but TLS. */
  | "tls-only";

/** By the codes of Node, Deno and Bun, which have them from OpenSSL's. */
const BY_CODE: readonly (readonly [RegExp, TlsFault])[] = [
  [/ALTNAME_INVALID/, "name"],
  [/CERT_(HAS_EXPIRED|NOT_YET_VALID)/, "validity"],
  [/UNABLE_TO_(VERIFY|GET)|SELF_SIGNED|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE/, "untrusted"],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/, "no-tls"],
  [
    /ALERT_(\w*CERT|UNKNOWN_CA|DECRYPT_ERROR|ACCESS_DENIED|HANDSHAKE_FAILURE)/,
    "client-certificate",
  ],
];

/** By the messages of those that give no code. */
const BY_MESSAGE: readonly (readonly [RegExp, TlsFault])[] = [
  [/NotValidForName|does not match certificate/, "name"],
  [/certificate.*(expired|not yet valid)|\bExpired\b|NotValidYet/, "validity"],
  [/UnknownIssuer|unknown issuer|self.signed certificate|unable to verify/i, "untrusted"],
  [/wrong version number|InvalidContentType/, "no-tls"],
  [/alert:? \w*(certificate|unknown ?ca|decrypt|access|handshake)/i, "client-certificate"],
];

/** The fault that a client's error tells of, if it tells of one. */
export function tlsFaultOf(error: unknown): TlsFault | undefined {
  if (error instanceof TlsError) return error.fault;
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error ? String(error.code) : "";
  const found = BY_CODE.find(([pattern]) => pattern.test(code)) ??
    BY_MESSAGE.find(([pattern]) => pattern.test(error.message));
  return found?.[1] ?? tlsFaultOf(error.cause);
}

const ADVICE: Readonly<Record<TlsFault, string>> = {
  "untrusted": "No authority that this process trusts has signed the server's certificate. " +
    "Give the authority's certificate as tls.ca (REDIS_CLOUD_CA), as PEM text.",
  "name":
    "The server's certificate is made out to another host. Use the name that it bears in the URL, " +
    "or give it as tls.servername.",
  "validity":
    "The server's certificate has expired, or is not valid yet. Renew it; and compare this machine's clock " +
    "with the server's.",
  "client-certificate":
    "The server refuses this client's certificate, or asks for one. Give tls.cert and tls.key, " +
    "signed by an authority that the server trusts.",
  "no-tls":
    "What answers on this port does not speak TLS. Use redis:// instead of rediss://, or the server's TLS port.",
  "tls-only":
    "What answers on this port speaks TLS. Use rediss:// instead of redis://, or give tls.",
};

/** What to do about a fault. */
export function tlsAdvice(fault: TlsFault): string {
  return ADVICE[fault];
}

/** A TLS connection cannot be made, for a reason that does not pass by itself. */
export class TlsError extends Error {
  override readonly name = "TlsError";
  readonly fault: TlsFault;

  constructor(fault: TlsFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
