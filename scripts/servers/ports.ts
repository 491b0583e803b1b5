// Below the ports that systems hand out to outgoing connections: a client that keeps dialling a
// dead server on one of those can in the end connect to itself and occupy the port. Room is left
// for the cluster bus, 10,000 above.
const LOWEST_PORT = 10_000;
const HIGHEST_PORT = 21_999;

/** A port on 127.0.0.1 that was free a moment ago; it can be taken before it is used. */
export function pickPort(): number {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT + 1));
    if (isPortFree(port)) return port;
  }
  throw new Error(`found no free port from ${LOWEST_PORT} to ${HIGHEST_PORT}; end what holds them`);
}

export function isPortFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
