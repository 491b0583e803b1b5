/**
 * Reads SQLite's write-ahead log (https://sqlite.org/fileformat2.html#walformat). SQLite itself passes in
 * silence over everything that follows a damaged frame.
 *
 * @module
 */

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Without its last bit, which says that the checksums' words are big-endian. */
const MAGIC = 0x377f0682;

/** What a log holds. */
export interface Log {
  /** The newest committed version of each page. */
  readonly pages: ReadonlyMap<number, Uint8Array>;
  /** Pages of the whole file after the last commit; `undefined` when the log has none. */
  readonly pageCount: number | undefined;
  /** Whether commits follow after a damaged part. A torn last frame is no damage: nobody was told of it. */
  readonly lost: boolean;
}

const NOTHING: Log = { pages: new Map(), pageCount: undefined, lost: false };

/** Reads a log with pages of `pageBytes`. */
export function readLog(bytes: Uint8Array, pageBytes: number): Log {
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const frames = Math.floor((bytes.length - HEADER_BYTES) / frameBytes);
  if (frames < 1) return NOTHING;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sum = new Checksum(view, (view.getUint32(0) & 1) === 0);
  sum.add(0, 24);
  const isSound = (view.getUint32(0) & ~1) === MAGIC && view.getUint32(8) === pageBytes &&
    sum.isAt(24);
  if (!isSound) return { ...NOTHING, lost: true };

  const at = (index: number) => HEADER_BYTES + index * frameBytes;
  const isOfThisRound = (index: number) =>
    view.getUint32(at(index) + 8) === view.getUint32(16) &&
    view.getUint32(at(index) + 12) === view.getUint32(20);
  const commitSize = (index: number) => view.getUint32(at(index) + 4);

  const pages = new Map<number, Uint8Array>();
  let pageCount: number | undefined;
  let open = new Map<number, Uint8Array>();
  let index = 0;
  for (; index < frames && isOfThisRound(index); index++) {
    sum.add(at(index), 8);
    sum.add(at(index) + FRAME_HEADER_BYTES, pageBytes);
    if (!sum.isAt(at(index) + 16)) break;
    const start = at(index) + FRAME_HEADER_BYTES;
    open.set(view.getUint32(at(index)), bytes.subarray(start, start + pageBytes));
    if (commitSize(index) === 0) continue;
    for (const [number, page] of open) pages.set(number, page);
    pageCount = commitSize(index);
    open = new Map();
  }
  for (index++; index < frames; index++) {
    if (isOfThisRound(index) && commitSize(index) > 0) return { pages, pageCount, lost: true };
  }
  return { pages, pageCount, lost: false };
}

/** The running checksum of header and frames. */
class Checksum {
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(view: DataView, littleEndian: boolean) {
    this.#view = view;
    this.#littleEndian = littleEndian;
  }

  /** Takes in `length` bytes, a multiple of eight. */
  add(start: number, length: number): void {
    for (let at = start; at < start + length; at += 8) {
      this.#first = (this.#first + this.#view.getUint32(at, this.#littleEndian) + this.#second) | 0;
      this.#second = (this.#second + this.#view.getUint32(at + 4, this.#littleEndian) +
        this.#first) | 0;
    }
  }

  /** Whether it is what stands at `at`. */
  isAt(at: number): boolean {
    return this.#view.getInt32(at) === this.#first && this.#view.getInt32(at + 4) === this.#second;
  }
}
