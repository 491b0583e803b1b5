/**
 * A link between client and server that counts the bytes each way.
 *
 * @module
 */

import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes that went over the link, without those of TCP itself. */
export interface ByteCount {
  /** From the client to the server. */
  readonly sent: number;
  /** From the server to the client. */
  readonly received: number;
}

/** The link; it listens on 127.0.0.1. */
export class ByteCounter implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #sent = 0;
  #received = 0;

  private constructor(port: number) {
    this.#server = createServer({ noDelay: true }, (client) => this.#serve(client, port));
  }

  /** Begins a link to the server at `port`. */
  static async listen(port: number): Promise<ByteCounter> {
    const counter = new ByteCounter(port);
    await new Promise<void>((resolve) => counter.#server.listen(0, "127.0.0.1", resolve));
    return counter;
  }

  /** Where clients connect to. */
  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** What has gone over it until now. */
  get count(): ByteCount {
    return { sent: this.#sent, received: this.#received };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(client: Socket, port: number): void {
    const upstream = connect({ host: "127.0.0.1", port, noDelay: true });
    client.on("data", (chunk) => {
      this.#sent += chunk.length;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      this.#received += chunk.length;
      client.write(chunk);
    });
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
