/**
 * A proxy between a client and a Redis or Valkey server that understands where commands and replies end, so
 * that faults hit a named command at a named moment.
 *
 * @module
 */

import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { connect, createServer, type Server, type Socket } from "node:net";
import { commandWords, FrameReader } from "./resp_frames.ts";
import type { Trouble } from "./store_power.ts";

/** What happens to one command. */
export type ProxyFault =
  /** The connection is reset, and the server never gets the command. */
  | { readonly kind: "request-cut" }
  /** The server executes it, and the connection is reset before the reply. */
  | { readonly kind: "reply-cut" }
  /** The connection is reset now, and the server gets the command `delayMs` later. */
  | { readonly kind: "late-execution"; readonly delayMs: number }
  /** The server executes it, and the connection ends (FIN) inside the reply. */
  | { readonly kind: "limit-data" }
  /** The server executes it twice, and the client gets the second reply. */
  | { readonly kind: "resend" }
  /** The server gets it when that is settled. */
  | { readonly kind: "hold"; readonly until: Promise<unknown> }
  /** The server gets it after `requestMs`, and the client the reply after another `replyMs`. */
  | { readonly kind: "latency"; readonly requestMs: number; readonly replyMs: number }
  /** `strike` is called before the command is written (p0), executed (p1), or answered (p2). */
  | {
    readonly kind: "strike";
    readonly phase: "p0" | "p1" | "p2";
    readonly strike: () => void;
  };

/** Something that a proxy did, or that came to it. */
export interface ProxyEvent {
  /** The connection's number, from 1. */
  readonly link: number;
  /** What it was. */
  readonly what: "opened" | "refused" | "command" | "reply" | "push" | "half-open" | "cut";
  /** What happens to the command by a fault; `lost` when it gets no further. */
  readonly fault?: string;
  /** The message as it came. It is a part of what was received: a copy is to be kept, if anything. */
  readonly bytes?: Uint8Array;
}

/** Options of {@linkcode FaultProxy.listen}. */
export interface FaultProxyOptions {
  /** Where the server listens. */
  readonly upstream: { readonly host: string; readonly port: number };
  /** What happens to a command, given its words. @default nothing */
  readonly faultFor?: (words: readonly Uint8Array[]) => ProxyFault | undefined;
  /** What is wrong with the way to the server, asked for each message. @default nothing */
  readonly trouble?: () => Trouble | undefined;
  /** Hears what the server answers to a command. */
  readonly onReply?: (words: readonly Uint8Array[], reply: Uint8Array) => void;
  /** Hears that a message came through which answers nothing. */
  readonly onPush?: (bytes: Uint8Array) => void;
  /** Hears of everything, for a log. */
  readonly onEvent?: (event: ProxyEvent) => void;
}

/**
 * The proxy. It listens on a port of its own on 127.0.0.1.
 *
 * @example The reply of the first INCR is lost
 * ```ts ignore
 * import { FaultProxy } from "@hakgal/sessions/chaos";
 *
 * let count = 0;
 * await using proxy = await FaultProxy.listen({
 *   upstream: { host: "127.0.0.1", port: 6379 },
 *   faultFor: ([name]) =>
 *     new TextDecoder().decode(name) === "INCR" && ++count === 1 ? { kind: "reply-cut" } : undefined,
 * });
 * const url = `redis://127.0.0.1:${proxy.port}`;
 * ```
 */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: FaultProxyOptions;
  readonly #links = new Set<Link>();
  #opened = 0;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (client) => {
      const number = ++this.#opened;
      if (options.trouble?.()?.kind === "refused") {
        options.onEvent?.({ link: number, what: "refused" });
        client.resetAndDestroy();
        return;
      }
      const link = new Link(number, client, this.#options, () => this.#links.delete(link));
      this.#links.add(link);
    });
  }

  /** Starts a proxy. */
  static listen(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    return new Promise((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, "127.0.0.1", () => resolve(proxy));
    });
  }

  /** The port that it listens on. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") {
      throw new Error("The proxy is closed. Start another one.");
    }
    return address.port;
  }

  /** Resets every connection. */
  cutAll(): void {
    for (const link of [...this.#links]) link.cut();
  }

  /** Leaves every connection that there is open, and lets nothing through any more; new ones work. */
  halfOpenAll(): void {
    for (const link of this.#links) link.abandon();
  }

  /** Ends the proxy and every connection; what was to be executed late is not. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const link of [...this.#links]) link.end();
    await closed;
  }

  /** Lets `await using` close it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A command that waits for its reply. */
interface Waiting {
  readonly words: readonly Uint8Array[];
  readonly fault: ProxyFault | Refusal | { readonly kind: "first" } | undefined;
}

/** An error in place of an answer; the server is asked something else, so that replies stay in their order. */
interface Refusal {
  readonly kind: "refusal";
  readonly text: string;
}

const PING = new TextEncoder().encode("*1\r\n$4\r\nPING\r\n");

/** Commands after which a connection gets messages that answer nothing. */
const SUBSCRIBES = /^[sp]?subscribe$/i;

/** One client's connection, and the one to the server that belongs to it. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #options: FaultProxyOptions;
  readonly #onEnd: () => void;
  readonly #tell: (
    what: ProxyEvent["what"],
    more?: Pick<ProxyEvent, "fault" | "bytes">,
  ) => void;
  /** The commands that wait for their replies, in order. */
  readonly #waiting: Waiting[] = [];
  #requests: Promise<void> = Promise.resolve();
  #replies: Promise<void> = Promise.resolve();
  #isSubscriber = false;
  #isCut = false;
  /** Whether nothing gets through, and nobody is told. */
  #isHalfOpen = false;
  /** Runs while the server has yet to get, or to read, what its client was cut off from. */
  #lateTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(number: number, client: Socket, options: FaultProxyOptions, onEnd: () => void) {
    this.#tell = (what, more) => options.onEvent?.({ link: number, what, ...more });
    this.#tell("opened");
    this.#client = client;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#upstream = connect({ ...options.upstream, noDelay: true });
    const commands = new FrameReader();
    const replies = new FrameReader();
    client.on("data", (chunk) => {
      for (const frame of commands.take(chunk as Uint8Array)) this.#onCommand(frame);
    });
    this.#upstream.on("data", (chunk) => {
      if (this.#isSubscriber) this.#pass(chunk as Uint8Array);
      else for (const frame of replies.take(chunk as Uint8Array)) this.#onReply(frame);
    });
    for (const socket of [client, this.#upstream]) {
      socket.on("error", () => this.cut());
      socket.on("close", () => this.cut());
    }
  }

  /** Nothing gets through any more. */
  abandon(): void {
    this.#isHalfOpen = true;
    this.#tell("half-open");
  }

  /** Resets the client's connection. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#tell("cut");
    this.#client.resetAndDestroy();
    if (this.#lateTimer === undefined) this.end();
  }

  /** Ends both connections. */
  end(): void {
    clearTimeout(this.#lateTimer);
    this.#upstream.destroy();
    this.#onEnd();
    this.cut();
  }

  #onCommand(frame: Uint8Array): void {
    const words = commandWords(frame);
    const fault = this.#options.faultFor?.(words);
    if (SUBSCRIBES.test(new TextDecoder().decode(words[0]))) this.#isSubscriber = true;
    const trouble = this.#options.trouble?.();
    const isLost = this.#isHalfOpen || loses(trouble, "requests");
    const hit = isLost ? "lost" : fault?.kind ?? trouble?.kind;
    this.#tell("command", { bytes: frame, ...(hit && { fault: hit }) });
    if (isLost) return;
    const refusal = trouble?.kind === "error" && refusalOf(trouble.code, words);
    const copy = refusal ? PING : frame.slice();
    const arrived = this.#slowed(trouble, copy);
    const known = words.map((word) => word.slice());
    this.#requests = this.#requests.then(arrived).then(() =>
      this.#forward(copy, known, refusal ? { kind: "refusal", text: refusal } : fault)
    );
  }

  /** A message that answers nothing. */
  #pass(chunk: Uint8Array): void {
    const kind = this.#options.trouble?.()?.kind;
    if (this.#isHalfOpen || kind === "loss" || kind === "deaf") return;
    this.#options.onPush?.(chunk);
    this.#tell("push", { bytes: chunk });
    this.#client.write(chunk);
  }

  /** Waits for what holds a message up: what comes after it waits, too, where the width is what is narrow. */
  #slowed(trouble: Trouble | undefined, frame: Uint8Array): () => Promise<void> | undefined {
    if (trouble?.kind === "bandwidth") return () => pause(frame.length / trouble.bytesPerMs);
    const arrived = trouble?.kind === "slow" ? pause(trouble.extraMs) : undefined;
    return () => arrived;
  }

  async #forward(
    frame: Uint8Array,
    words: readonly Uint8Array[],
    fault: ProxyFault | Refusal | undefined,
  ): Promise<void> {
    if (this.#isCut) return;
    switch (fault?.kind) {
      case "request-cut":
        return this.cut();
      case "late-execution":
        return this.#abandon(frame, fault.delayMs);
      case "latency":
        await pause(fault.requestMs);
        break;
      case "hold":
        await fault.until;
        break;
      case "strike":
        if (fault.phase === "p2") break;
        if (fault.phase === "p1") this.#abandon(frame, 0);
        fault.strike();
        return this.cut();
    }
    if (this.#isCut) return;
    if (fault?.kind === "resend") {
      this.#waiting.push({ words, fault: { kind: "first" } });
      this.#upstream.write(frame);
    }
    this.#waiting.push({ words, fault });
    this.#upstream.write(frame);
  }

  /** The client is cut off; the server gets the command all the same. */
  #abandon(frame: Uint8Array, delayMs: number): void {
    this.#lateTimer = setTimeout(() => {
      this.#upstream.end(frame);
      this.#lateTimer = setTimeout(() => this.end(), LINGER_MS);
    }, delayMs);
    this.cut();
  }

  #onReply(frame: Uint8Array): void {
    // Pushed messages answer no command.
    const isPush = frame[0] === ">".charCodeAt(0);
    const waiting = isPush ? undefined : this.#waiting.shift();
    const fault = waiting?.fault;
    this.#tell("reply", { bytes: frame, ...(fault && { fault: fault.kind }) });
    if (waiting && fault?.kind !== "refusal") this.#options.onReply?.(waiting.words, frame);
    if (this.#isHalfOpen || fault?.kind === "first") return;
    if (isPush) return this.#pass(frame.slice());
    if (fault?.kind === "limit-data") return this.#endInside(frame.slice());
    if (fault?.kind === "reply-cut") return this.cut();
    if (fault?.kind === "strike") {
      fault.strike();
      return this.cut();
    }
    const trouble = this.#options.trouble?.();
    if (loses(trouble, "replies")) return;
    const copy = fault?.kind === "refusal" ? new TextEncoder().encode(fault.text) : frame.slice();
    const delayMs = fault?.kind === "latency" ? fault.replyMs : 0;
    const arrived = this.#slowed(trouble, copy);
    this.#replies = this.#replies.then(arrived).then(async () => {
      if (delayMs > 0) await pause(delayMs);
      if (trouble?.kind === "slicer") await this.#slice(copy);
      else if (!this.#isCut) this.#client.write(copy);
    });
  }

  /** Half of a reply, and then a FIN. */
  #endInside(frame: Uint8Array): void {
    this.#replies = this.#replies.then(() => {
      if (this.#isCut) return;
      this.#isCut = true;
      this.#client.end(frame.subarray(0, Math.ceil(frame.length / 2)));
      this.end();
    });
  }

  /** Each byte is a write of its own; the first ones so far apart that the system does not put them together. */
  async #slice(frame: Uint8Array): Promise<void> {
    for (let offset = 0; offset < frame.length && !this.#isCut; offset++) {
      this.#client.write(frame.subarray(offset, offset + 1));
      if (offset < SPACED_BYTES) await pause(1);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** What a server answers that is loading, or whose user lacks the permission; undefined for what it serves all the same. */
function refusalOf(code: string, words: readonly Uint8Array[]): string | undefined {
  const name = new TextDecoder().decode(words[0]).toLowerCase();
  const isScript = /^(evalsha|eval|fcall)$/.test(name);
  if (code === "NOPERM") {
    return isScript
      ? `-NOPERM this user has no permissions to run the '${name}' command\r\n`
      : undefined;
  }
  return isScript || /^(incr|get|ping|script)$/.test(name)
    ? `-${code} The chaos kit says so\r\n`
    : undefined;
}

function loses(trouble: Trouble | undefined, what: "requests" | "replies"): boolean {
  return trouble?.kind === "loss" && (trouble.of === what || trouble.of === "both");
}

/** Time for the server to read what was written before its connection ends. */
const LINGER_MS = 200;

/** As many as a reply's beginning has, in which its length stands. */
const SPACED_BYTES = 32;

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
