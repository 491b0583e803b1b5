/**
 * What passed a lane's proxies, for whoever looks at a failed case.
 *
 * @module
 */

import { textBytes } from "../evidence.ts";
import type { ProxyEvent } from "../proxy.ts";

/** Events of one history that are kept, at most: the last ones. */
const MOST_EVENTS = 4_000;
/** Bytes that are kept of each message. */
const MOST_BYTES = 400;

interface Noted {
  readonly atMs: number;
  readonly pod: string;
  readonly event: ProxyEvent;
}

/** The last events of one history. */
export class ProxyTrace {
  #noted: Noted[] = [];
  #startedAtMs = performance.now();

  /** Forgets all: another history begins. */
  clear(): void {
    this.#noted = [];
    this.#startedAtMs = performance.now();
  }

  note(pod: string, event: ProxyEvent): void {
    const atMs = performance.now() - this.#startedAtMs;
    // A message is a part of what was received: the whole of that is not to be kept for it.
    const bytes = withoutPassword(event)?.slice(0, MOST_BYTES);
    this.#noted.push({ atMs, pod, event: bytes ? { ...event, bytes } : event });
    if (this.#noted.length > 2 * MOST_EVENTS) this.#noted = this.#noted.slice(-MOST_EVENTS);
  }

  /** A line an event. */
  toBytes(): Uint8Array {
    return textBytes(
      this.#noted.slice(-MOST_EVENTS).map(({ atMs, pod, event }) => {
        const { link, what, fault, bytes } = event;
        const parts = [
          `${atMs.toFixed(1).padStart(9)} ms`,
          pod,
          `#${link}`,
          what,
          fault,
          shown(bytes),
        ];
        return parts.filter((part) => part !== undefined).join("  ");
      }),
    );
  }
}

/** Commands that carry a password, and what their first bytes are. */
const LOGS_IN = /^\*\d+\r\n\$\d+\r\n(auth|hello|acl|config)\r\n/i;

/** A message's bytes up to where a password may follow: reports are shown to others. */
function withoutPassword({ what, bytes }: ProxyEvent): Uint8Array | undefined {
  if (what !== "command" || bytes === undefined) return bytes;
  const [head] = LOGS_IN.exec(new TextDecoder().decode(bytes.subarray(0, 40))) ?? [];
  return head === undefined ? bytes : bytes.subarray(0, head.length);
}

/** A message as text; what is no ASCII is shown as its code. */
function shown(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  let text = "";
  for (const byte of bytes) {
    if (byte === 0x0a) text += " ";
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else if (byte !== 0x0d) text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return bytes.length === MOST_BYTES ? `${text} …` : text;
}
