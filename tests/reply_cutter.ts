// A proxy before a Redis server that cuts connections when the reply to a write comes back: the server has
// executed it, and the client will never know.

export interface ReplyCutterOptions {
  readonly port: number;
  /** A command that contains this text is one whose reply may be cut. */
  readonly marker: string;
  /** Every how many of these commands a reply is cut. */
  readonly every: number;
  readonly cuts: number;
}

export class ReplyCutter implements AsyncDisposable {
  readonly #options: ReplyCutterOptions;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  readonly #pumps = new Set<Promise<void>>();
  #marked = 0;
  #cuts = 0;

  constructor(options: ReplyCutterOptions) {
    this.#options = options;
    this.#accepting = this.#accept();
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** How many replies have been cut so far. */
  get cuts(): number {
    return this.#cuts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) this.#close(connection);
    await Promise.all(this.#pumps);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const serving = this.#serve(client);
      this.#pumps.add(serving);
      void serving.then(() => this.#pumps.delete(serving));
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#options.port });
    const pair = [client, server];
    for (const connection of pair) this.#connections.add(connection);
    let cutNext = false;
    const close = () => pair.forEach((connection) => this.#close(connection));
    await Promise.all([
      pump(client, server, (command) => {
        if (this.#isDue(command)) cutNext = true;
        return true;
      }),
      pump(server, client, (reply) => {
        // An error was not executed.
        if (!cutNext || reply.startsWith("-")) return true;
        this.#cuts++;
        close();
        return false;
      }),
    ].map((pumping) => pumping.then(close)));
  }

  #isDue(command: string): boolean {
    const { marker, every, cuts } = this.#options;
    if (!/EVALSHA/i.test(command) || !command.includes(marker)) return false;
    return ++this.#marked % every === 0 && this.#cuts < cuts;
  }

  #close(connection: Deno.TcpConn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}

/** Copies until either side is closed, as long as `pass` says so. */
async function pump(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  pass: (text: string) => boolean,
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder("latin1");
  try {
    for (;;) {
      const size = await from.read(buffer);
      if (size === null || !pass(decoder.decode(buffer.subarray(0, size)))) return;
      for (let sent = 0; sent < size;) sent += await to.write(buffer.subarray(sent, size));
    }
  } catch {
    // The other direction has closed the connection.
  }
}
