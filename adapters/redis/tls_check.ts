/**
 * Looking at a server's TLS before a client does. GLIDE gives no reason when a certificate is not trusted, node-redis
 * ends a Deno process when the server asks for a certificate of its own, and the runtimes word the same fault in
 * different ways.
 *
 * @module
 */

import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Endpoint } from "./endpoint.ts";
import { TlsError, tlsFaultOf } from "./tls_fault.ts";

/** Of the time for opening, what one look may take; the client needs its part. */
const LOOK_SHARE = 1 / 4;

/**
 * Makes a connection of the kind that is asked for, and has one command answered, be it with a refusal. A server that
 * cannot be reached, or that says nothing, is left to the client to tell.
 *
 * @throws TlsError saying what does not fit
 */
export async function checkTls(endpoint: Endpoint, timeoutMs: number): Promise<void> {
  const lookMs = timeoutMs * LOOK_SHARE;
  const found = await look(secured(endpoint, { rejectUnauthorized: true }), lookMs, answered);
  // A server without TLS waits for the end of the line that it takes the handshake for.
  if (found === undefined && await look(plain(endpoint), lookMs, answered) === true) {
    throw new TlsError("no-tls", "it answers without TLS");
  }
  const fault = tlsFaultOf(found);
  if (fault === undefined) return;
  const cause = found as Error;
  // Deno tells a certificate that has run out from one that is not trusted by neither code nor message.
  const hasRunOut = fault === "untrusted" &&
    await look(secured(endpoint, { rejectUnauthorized: false }), lookMs, runOut) === true;
  throw new TlsError(hasRunOut ? "validity" : fault, cause.message, { cause });
}

/** Whether a server with which nothing could be exchanged without TLS asks for it. */
export async function asksForTls(endpoint: Endpoint, timeoutMs: number): Promise<boolean> {
  const socket = secured(endpoint, { rejectUnauthorized: false });
  return await look(socket, timeoutMs * LOOK_SHARE, isSecured) === true;
}

/** What a TLS connection is made with. */
export interface TlsFacts {
  /** The protocol's version, e.g. `TLSv1.3`. */
  readonly protocol: string;
  /** When the server's certificate runs out; undefined when that cannot be read. */
  readonly validTo: Date | undefined;
}

/** What a connection is made with that `checkTls` has nothing against; undefined when there is no answer in time. */
export async function tlsFacts(
  endpoint: Endpoint,
  timeoutMs: number,
): Promise<TlsFacts | undefined> {
  const connecting = secured(endpoint, { rejectUnauthorized: false });
  let facts: TlsFacts | undefined;
  await look(connecting, timeoutMs, (socket, found) => {
    const { valid_to } = (socket as TLSSocket).getPeerCertificate();
    const validTo = new Date(valid_to);
    const isKnown = !Number.isNaN(validTo.getTime());
    const protocol = (socket as TLSSocket).getProtocol() ?? "TLS";
    facts = { protocol, validTo: isKnown ? validTo : undefined };
    found(true);
  });
  return facts;
}

/** What is to be found out on a connection once it is made. */
type Look = (socket: Socket, found: (result: boolean) => void) => void;

/** With TLS 1.3 a server refuses a client's certificate after the client's part of the handshake is over. */
const answered: Look = (socket, found) => {
  socket.on("data", () => found(true));
  socket.write("PING\r\n");
};

const runOut: Look = (socket, found) => {
  const { valid_from, valid_to } = (socket as TLSSocket).getPeerCertificate();
  found(Date.parse(valid_to) < Date.now() || Date.parse(valid_from) > Date.now());
};

const isSecured: Look = (_socket, found) => found(true);

/** A connection under way, and the event that says that it is made. */
interface Connecting {
  readonly socket: Socket;
  readonly made: "connect" | "secureConnect";
}

function plain({ host, port }: Endpoint): Connecting {
  return { socket: connectPlain({ host, port }), made: "connect" };
}

function secured({ host, port, tls = {} }: Endpoint, options: ConnectionOptions): Connecting {
  const servername = tls.servername ?? (isIP(host) ? undefined : host);
  const socket = connect({ ...tls, ...options, host, port, ...(servername && { servername }) });
  return { socket, made: "secureConnect" };
}

/** What is found, or the error; undefined when neither comes in time. */
function look(
  { socket, made }: Connecting,
  timeoutMs: number,
  ask: Look,
): Promise<boolean | Error | undefined> {
  return new Promise<boolean | Error | undefined>((resolve) => {
    const timer = setTimeout(() => found(undefined), timeoutMs);
    const found = (result: boolean | Error | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    socket.on("error", found);
    socket.on("close", () => found(undefined));
    socket.on(made, () => ask(socket, found));
  });
}
