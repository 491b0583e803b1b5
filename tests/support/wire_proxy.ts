/**
 * A link between client and server that knows nothing of what goes over it: it is slow, swallows, or is cut. Where
 * a fault is to hit a named command, `FaultProxy` is the one to take.
 *
 * @module
 */

import { connect, createServer, type Server, type Socket } from "node:net";

/** What goes over a connection in one direction. */
class Stream {
  readonly #to: Socket;
  readonly #held: Uint8Array[] = [];
  #sent: Promise<void> = Promise.resolve();

  constructor(to: Socket) {
    this.#to = to;
  }

  /** Whether something was swallowed. */
  get isBroken(): boolean {
    return this.#held.length > 0;
  }

  pass(chunk: Uint8Array, delayMs: number): void {
    if (this.isBroken || delayMs === Infinity) {
      this.#held.push(chunk);
      return;
    }
    const due = performance.now() + delayMs;
    this.#sent = this.#sent.then(() => this.#sendAt(due, chunk));
  }

  /** Lets what was swallowed come late. */
  release(): void {
    for (const chunk of this.#held.splice(0)) this.pass(chunk, 0);
  }

  async #sendAt(due: number, chunk: Uint8Array): Promise<void> {
    const leftMs = due - performance.now();
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
    if (this.#to.writable) this.#to.write(chunk);
  }
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly requests: Stream;
  readonly replies: Stream;
}

/** The proxy; it listens on 127.0.0.1. */
export class WireProxy implements AsyncDisposable {
  /** How much later requests and replies come; with `Infinity` they are swallowed. */
  requestDelayMs = 0;
  replyDelayMs = 0;
  /** While it is set, every new connection is reset. */
  refuses = false;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();

  private constructor(port: number) {
    this.#server = createServer({ noDelay: true }, (client) => {
      if (this.refuses) client.resetAndDestroy();
      else this.#serve(client, port);
    });
  }

  /** Starts a proxy before the server at `port`. */
  static async listen(port: number): Promise<WireProxy> {
    const proxy = new WireProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    const address = this.#server.address() as { port: number };
    return `redis://127.0.0.1:${address.port}`;
  }

  /** Resets every connection. */
  cut(): void {
    for (const connection of this.#connections) this.#end(connection);
  }

  /** The link is whole again: what was swallowed comes late. */
  deliver(): void {
    this.requestDelayMs = this.replyDelayMs = 0;
    for (const { requests, replies } of this.#connections) {
      requests.release();
      replies.release();
    }
  }

  /** The link is whole again, but what was swallowed is lost, and the connections that it was on. */
  lose(): void {
    this.requestDelayMs = this.replyDelayMs = 0;
    for (const connection of this.#connections) {
      if (connection.requests.isBroken || connection.replies.isBroken) this.#end(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #serve(client: Socket, port: number): void {
    const upstream = connect({ host: "127.0.0.1", port, noDelay: true });
    const requests = new Stream(upstream);
    const replies = new Stream(client);
    const connection = { client, upstream, requests, replies };
    this.#connections.add(connection);
    client.on("data", (chunk) => requests.pass(chunk as Uint8Array, this.requestDelayMs));
    upstream.on("data", (chunk) => replies.pass(chunk as Uint8Array, this.replyDelayMs));
    for (const socket of [client, upstream]) {
      socket.on("error", () => this.#end(connection));
      socket.on("close", () => this.#end(connection));
    }
  }

  #end(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    connection.client.resetAndDestroy();
    connection.upstream.destroy();
  }
}
