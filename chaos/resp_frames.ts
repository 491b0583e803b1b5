/**
 * Where messages of the Redis protocol end, in its versions 2 and 3; nothing else is read of them.
 *
 * @module
 */

const LF = 10;
const decoder = new TextDecoder();

/** Offset after the message that begins at `offset`, or -1 while it is incomplete. */
export function frameEnd(bytes: Uint8Array, offset: number): number {
  const lineEnd = bytes.indexOf(LF, offset) + 1;
  if (lineEnd === 0) return -1;
  const type = String.fromCharCode(bytes[offset]!);
  const size = () => Number(decoder.decode(bytes.subarray(offset + 1, lineEnd - 2)));
  switch (type) {
    case "$":
    case "=":
    case "!": {
      const length = size();
      if (length < 0) return lineEnd;
      const end = lineEnd + length + 2;
      return end <= bytes.length ? end : -1;
    }
    case "*":
    case "~":
    case ">":
      return itemsEnd(bytes, lineEnd, size());
    case "%":
      return itemsEnd(bytes, lineEnd, 2 * size());
    case "|": {
      // An attribute stands before the reply that it belongs to.
      const end = itemsEnd(bytes, lineEnd, 2 * size());
      return end < 0 || end >= bytes.length ? -1 : frameEnd(bytes, end);
    }
    default:
      return lineEnd;
  }
}

function itemsEnd(bytes: Uint8Array, offset: number, count: number): number {
  let end = offset;
  for (let item = 0; item < count; item++) {
    if (end >= bytes.length) return -1;
    end = frameEnd(bytes, end);
    if (end < 0) return -1;
  }
  return end;
}

/** The words of a command: an array of bulk strings; a bare line counts as one word. */
export function commandWords(frame: Uint8Array): Uint8Array[] {
  if (frame[0] !== "*".charCodeAt(0)) return [frame];
  const words: Uint8Array[] = [];
  let offset = frame.indexOf(LF) + 1;
  while (offset < frame.length) {
    const end = frameEnd(frame, offset);
    if (end < 0) break;
    words.push(frame.subarray(frame.indexOf(LF, offset) + 1, end - 2));
    offset = end;
  }
  return words;
}

/** Takes bytes as they come in, and gives whole messages out. */
export class FrameReader {
  #rest = new Uint8Array(0);

  /** The messages that are complete with these bytes. */
  *take(chunk: Uint8Array): Generator<Uint8Array> {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let offset = 0;
    while (offset < bytes.length) {
      const end = frameEnd(bytes, offset);
      if (end < 0) break;
      yield bytes.subarray(offset, end);
      offset = end;
    }
    this.#rest = bytes.slice(offset);
  }
}
