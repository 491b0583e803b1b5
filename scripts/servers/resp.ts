/** What a server's error reply says. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
}

export interface CommandOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Sent first; an error reply to any of them rejects. */
  readonly before?: readonly (readonly string[])[];
}

/** Sends one command over a connection of its own and returns the reply (RESP 2). */
export async function sendCommand(
  args: readonly string[],
  options: CommandOptions,
): Promise<unknown> {
  let connection: Deno.TcpConn | undefined;
  let late = false;
  const exchange = async (): Promise<unknown> => {
    connection = await Deno.connect({ hostname: options.host, port: options.port });
    if (late) connection.close();
    const commands = [...options.before ?? [], args];
    await writeAll(connection, new TextEncoder().encode(commands.map(encode).join("")));
    const reader = new ReplyReader(connection);
    for (let i = 1; i < commands.length; i++) await reader.read();
    return await reader.read();
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const running = exchange();
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      connection?.close();
      reject(
        new Error(
          `the server at ${options.host}:${options.port} did not answer ${args[0]} within ` +
            `${options.timeoutMs} ms: it is frozen or busy`,
        ),
      );
    }, options.timeoutMs);
  });
  try {
    return await Promise.race([running, expiry]);
  } finally {
    clearTimeout(timer);
    if (!late) connection?.close();
    // The loser's read ends with the connection; wait, so that no operation outlives the call.
    await running.catch(() => {});
  }
}

function encode(args: readonly string[]): string {
  const size = (text: string): number => new TextEncoder().encode(text).length;
  return `*${args.length}\r\n${args.map((arg) => `$${size(arg)}\r\n${arg}\r\n`).join("")}`;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

class ReplyReader {
  readonly #connection: Deno.TcpConn;
  readonly #decoder = new TextDecoder();
  #bytes = new Uint8Array(0);

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  async read(): Promise<unknown> {
    const reply = await this.#readValue();
    if (reply instanceof ReplyError) throw reply;
    return reply;
  }

  async #readValue(): Promise<unknown> {
    const line = await this.#readLine();
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        return new ReplyError(rest);
      case ":":
        return Number(rest);
      case "$": {
        if (Number(rest) < 0) return null;
        const bytes = await this.#take(Number(rest) + 2);
        return this.#decoder.decode(bytes.subarray(0, -2));
      }
      case "*": {
        if (Number(rest) < 0) return null;
        const items: unknown[] = [];
        for (let i = 0; i < Number(rest); i++) items.push(await this.#readValue());
        return items;
      }
      default:
        throw new Error(`no reply of a Redis server: ${JSON.stringify(line.slice(0, 80))}`);
    }
  }

  async #readLine(): Promise<string> {
    let from = 0;
    for (;;) {
      const end = this.#bytes.indexOf(13, from);
      if (end >= 0) {
        return this.#decoder.decode((await this.#take(end + 2)).subarray(0, -2));
      }
      from = this.#bytes.length;
      await this.#fill();
    }
  }

  async #take(count: number): Promise<Uint8Array> {
    while (this.#bytes.length < count) await this.#fill();
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async #fill(): Promise<void> {
    const chunk = new Uint8Array(65_536);
    const count = await this.#connection.read(chunk);
    if (count === null) throw new Error("the server closed the connection before it had answered");
    const joined = new Uint8Array(this.#bytes.length + count);
    joined.set(this.#bytes);
    joined.set(chunk.subarray(0, count), this.#bytes.length);
    this.#bytes = joined;
  }
}
