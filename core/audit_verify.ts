/**
 * Whether the lines of an audit log are those that were written, all of them, in their order.
 *
 * @module
 */

import { hashOfTorn, isSealed, LineHash, NO_LINES, readLine } from "./audit_chain.ts";
import type { AuditHead } from "./audit_log.ts";
import type { AuditRecord } from "./audit_record.ts";

/** Findings that are told one by one; the others are counted. */
const MOST_FINDINGS = 100;

/** A file of an audit log. */
export interface AuditFile {
  /** Its name in findings. */
  readonly name: string;
  /** Its lines, without their ends. */
  readonly lines: AsyncIterable<string> | Iterable<string>;
}

/** Options of {@linkcode verifyAudit}. */
export interface VerifyAuditOptions {
  /** The managers' `idSecret`, if they have one: the lines are sealed with it. */
  readonly idSecret?: string | Uint8Array;
  /** Where the chain ended at least, as the file beside the log or somebody else remembers. @default not known */
  readonly head?: AuditHead;
}

/** Something that is not as it was written. */
export interface AuditFinding {
  /**
   * `changed`: the line is another than was written. `removed`: lines are missing. `reordered`: the line stands elsewhere
   * than it was written, or twice. `replaced`: what stands before it is not what it was written after. `foreign`: it is
   * no line of an audit log.
   */
  readonly problem: "changed" | "removed" | "reordered" | "replaced" | "foreign";
  /** Where it was noticed. */
  readonly file: string;
  /** Counts the file's lines from 1; 0 when it is about the end. */
  readonly line: number;
  /** For people. */
  readonly message: string;
}

/** Where a line stands. */
type Place = Pick<AuditFinding, "file" | "line">;

/** Numbers of lines that are missing, both included, and where that was noticed. */
interface Missing {
  readonly from: number;
  readonly to: number;
  readonly place: Place;
}

/** What a check came to. */
export interface AuditVerdict {
  /** Whether nothing was found. */
  readonly isIntact: boolean;
  /** Lines that were looked at. */
  readonly lines: number;
  /** Number of the first line: what came before is not among the files. */
  readonly firstSeq: number | undefined;
  /** The last line: remembered elsewhere, it proves later that nothing was cut off. */
  readonly last: AuditHead | undefined;
  /** Lines that found no room when they were to be written, as the log itself says. */
  readonly lost: number;
  /**
   * Places with bytes that are no line, for which the log itself accounts: a death while it was written, most likely.
   */
  readonly torn: number;
  /** The first hundred. */
  readonly findings: readonly AuditFinding[];
  /** How many there are in all. */
  readonly problems: number;
}

/**
 * Checks the files of one chain, in the order in which they were written.
 *
 * What it cannot find: that lines were cut off at the end, or the whole log taken away, when `head` does not say how far it
 * went; that the first files are missing, which `firstSeq` shows; without a secret, that somebody wrote the whole log
 * anew. Lines that never came to the file are told by `lost`, or by nobody when their process was killed.
 *
 * @example
 * ```ts
 * import { verifyAudit } from "@hakgal/sessions";
 *
 * const verdict = await verifyAudit([{ name: "audit.jsonl", lines: [] }]);
 * console.assert(verdict.isIntact && verdict.lines === 0);
 * ```
 */
export async function verifyAudit(
  files: Iterable<AuditFile>,
  options: VerifyAuditOptions = {},
): Promise<AuditVerdict> {
  const check = new ChainCheck(new LineHash(options.idSecret), options.head);
  for (const { name, lines } of files) {
    let line = 0;
    for await (const text of lines) check.take(text, { file: name, line: ++line });
  }
  return check.end();
}

class ChainCheck {
  readonly #hash: LineHash;
  readonly #head: AuditHead | undefined;
  readonly #findings: AuditFinding[] = [];
  #problems = 0;
  #lines = 0;
  #lost = 0;
  #torn = 0;
  #firstSeq: number | undefined;
  /** The line before; undefined when it cannot be relied on. */
  #before: AuditHead | undefined = NO_LINES;
  /** The line with the highest number. */
  #top: AuditHead = NO_LINES;
  #missing: Missing[] = [];
  /** What is no line of an audit log, and may be accounted for by the next that is one. */
  #foreign: { readonly text: string; readonly place: Place } | undefined;
  #place: Place = { file: "", line: 0 };

  constructor(hash: LineHash, head: AuditHead | undefined) {
    this.#hash = hash;
    this.#head = head;
  }

  take(text: string, place: Place): void {
    this.#lines++;
    const record = readLine(text);
    if (!record) {
      this.#foreign = this.#foreign
        ? { ...this.#foreign, text: `${this.#foreign.text}\n${text}` }
        : { text, place };
      return;
    }
    if (!this.#accountsFor(record)) this.#tellForeign();
    this.#foreign = undefined;
    this.#place = place;
    if (isSealed(text, this.#hash)) this.#takeSealed(record);
    else this.#takeChanged(record);
  }

  end(): AuditVerdict {
    this.#tellForeign();
    for (const { from, to, place } of this.#missing) {
      this.#find("removed", `${linesOf(from, to)} missing before it.`, place);
    }
    const { seq } = this.#top;
    if (this.#head && this.#head.seq > seq) {
      const message =
        `The log went on to line ${this.#head.seq} at least, and now ends with line ${seq}.`;
      this.#find("removed", message, { ...this.#place, line: 0 });
    }
    return {
      isIntact: this.#problems === 0,
      lines: this.#lines,
      firstSeq: this.#firstSeq,
      last: seq > 0 ? this.#top : undefined,
      lost: this.#lost,
      torn: this.#torn,
      findings: this.#findings,
      problems: this.#problems,
    };
  }

  #takeSealed({ seq, hash, previous, event, lines = 0 }: AuditRecord): void {
    const isFirst = this.#firstSeq === undefined;
    this.#firstSeq ??= seq;
    if (!isFirst || seq === 1) this.#checkOrder(seq, previous);
    if (this.#head?.seq === seq && this.#head.hash !== hash) {
      this.#find("replaced", `Line ${seq} is not the one that is remembered.`);
    }
    if (event === "lost") this.#lost += lines;
    if (event === "torn") this.#torn++;
    this.#before = { seq, hash };
    if (seq > this.#top.seq) this.#top = this.#before;
  }

  /** What it says of itself is worth nothing: it is taken for the line that is due. */
  #takeChanged({ hash }: AuditRecord): void {
    const seq = this.#top.seq + 1;
    this.#firstSeq ??= seq;
    this.#find("changed", `This line was changed, or it was sealed with another secret.`);
    this.#before = undefined;
    this.#top = { seq, hash };
  }

  #checkOrder(seq: number, previous: string): void {
    const due = this.#top.seq + 1;
    if (seq > due) {
      this.#missing.push({ from: due, to: seq - 1, place: this.#place });
    } else if (seq < due) {
      const isLate = this.#fill(seq);
      const what = isLate ? "stands after line" : "stands here again, after line";
      this.#find("reordered", `Line ${seq} ${what} ${due - 1}.`);
    } else if (this.#before?.seq === seq - 1 && this.#before.hash !== previous) {
      this.#find("replaced", `Line ${seq} was not written after the line ${seq - 1} before it.`);
    }
  }

  /** Whether the line was missing; then it is not any more. */
  #fill(seq: number): boolean {
    const span = this.#missing.find(({ from, to }) => from <= seq && seq <= to);
    if (!span) return false;
    this.#missing = this.#missing.flatMap((missing) =>
      missing === span
        ? [{ ...span, to: seq - 1 }, { ...span, from: seq + 1 }].filter(({ from, to }) =>
          from <= to
        )
        : [missing]
    );
    return true;
  }

  #accountsFor({ event, torn }: AuditRecord): boolean {
    return this.#foreign !== undefined && event === "torn" &&
      torn?.hash === hashOfTorn(this.#foreign.text);
  }

  #tellForeign(): void {
    if (!this.#foreign) return;
    this.#find("foreign", "This is no line of an audit log.", this.#foreign.place);
    this.#foreign = undefined;
  }

  #find(problem: AuditFinding["problem"], message: string, place = this.#place): void {
    this.#problems++;
    if (this.#findings.length < MOST_FINDINGS) this.#findings.push({ problem, ...place, message });
  }
}

function linesOf(from: number, to: number): string {
  return from === to ? `Line ${from} is` : `Lines ${from} to ${to} are`;
}
