/**
 * Instant queries by Prometheus's HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/).
 *
 * @module
 */

import { UsageError } from "./usage_error.ts";

/** Longest wait for an answer. */
const TIMEOUT_MS = 10_000;

/** One Prometheus. */
export class Prometheus {
  readonly #api: URL;
  readonly #headers: Headers;

  /** `url` is where its pages are; user and password in it are sent as such. */
  constructor(url: string) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new UsageError(
        `--prometheus is a URL such as http://127.0.0.1:9090; got ${JSON.stringify(url)}.`,
      );
    }
    const { username, password, origin, pathname } = new URL(url);
    this.#api = new URL(`${origin}${pathname.replace(/\/$/, "")}/api/v1/query`);
    this.#headers = new Headers();
    if (username === "") return;
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const bytes = new TextEncoder().encode(pair);
    this.#headers.set("authorization", `Basic ${btoa(String.fromCharCode(...bytes))}`);
  }

  /**
   * The value of a query that answers one number at most; undefined when there is no data, or none that is a number.
   *
   * @throws UsageError when Prometheus cannot be reached, or refuses
   */
  async number(query: string): Promise<number | undefined> {
    const url = new URL(this.#api);
    url.searchParams.set("query", query);
    const value = Number(firstValue(await this.#get(url)));
    return Number.isNaN(value) ? undefined : value;
  }

  async #get(url: URL): Promise<Answer> {
    let response: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(url, { headers: this.#headers, signal });
      text = await response.text();
    } catch (cause) {
      throw this.#failure(`cannot be reached (${reasonOf(cause)}): check --prometheus`, cause);
    }
    const answer = parse(text);
    if (answer?.status === "error") {
      throw this.#failure(`refused the query: ${String(answer.error).split("\n")[0]}`);
    }
    if (!response.ok) {
      throw this.#failure(`answered ${response.status} ${response.statusText}`.trim());
    }
    if (answer?.status !== "success" || answer.data?.resultType !== "vector") {
      throw this.#failure("answered something else than its API does: check --prometheus");
    }
    return answer;
  }

  #failure(what: string, cause?: unknown): UsageError {
    return new UsageError(`Prometheus at ${this.#api.origin} ${what}.`, { cause });
  }
}

/** What is read of an answer. */
interface Answer {
  readonly status?: string;
  readonly error?: unknown;
  readonly data?: {
    readonly resultType?: string;
    readonly result?: readonly { readonly value?: readonly [number, string] }[];
  };
}

function parse(text: string): Answer | undefined {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined; // A page of a proxy's, or of another server's.
  }
}

function firstValue({ data }: Answer): string | undefined {
  const text = data?.result?.[0]?.value?.[1];
  return text === "+Inf" ? "Infinity" : text === "-Inf" ? "-Infinity" : text;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1_000} s`;
  // Node hides it in the cause, and gives some causes no message but a code.
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || String((cause as Error & { code?: unknown }).code ?? error.message);
}
